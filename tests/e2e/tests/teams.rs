//! `/teams`, and teams and custom roles in projects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Deployment, Options, Person, Server, array, eventually, eventually_within, on_deployment, on_every_deployment, text,
};

on_every_deployment!(
    teams_are_made_read_changed_and_deleted,
    teams_are_listed_by_name_and_by_member,
    people_come_and_go,
    teams_are_for_admins_and_not_shown_to_guests,
    a_team_lets_its_members_into_a_private_project,
    guests_see_what_their_teams_are_in_and_never_manage,
    roles_add_up,
    a_private_project_keeps_a_manager_who_is_no_team,
    custom_roles_are_given_in_projects,
    nobody_gives_more_than_they_have,
    who_is_added_is_told,
    teams_go_into_the_export_and_not_with_who_leaves,
);
on_deployment!(
    mysql_redis,
    MysqlRedis,
    teams_are_made_read_changed_and_deleted,
    a_team_lets_its_members_into_a_private_project,
    custom_roles_are_given_in_projects,
);

/// A new team with these people: its path.
async fn team(owner: &Person, name: &str, people: &[&Person]) -> String {
    let made = owner.api.post("/teams", json!({"name": name})).await.expect(201);
    let path = format!("/teams/{}", text(&made, "id"));
    for person in people {
        owner.api.put_nothing(format!("{path}/members/{}", person.id)).await.expect(200);
    }
    path
}

fn path(project: &Value) -> String {
    format!("/projects/{}", text(project, "id"))
}

async fn private(person: &Person, key: &str) -> Value {
    person.project_with(key, json!({"visibility": "private"})).await
}

/// A new custom role for projects: its id.
async fn role(owner: &Person, name: &str, permissions: &[&str]) -> String {
    let body = json!({"level": "project", "name": name, "permissions": permissions});
    text(&owner.api.post("/roles", body).await.expect(201), "id")
}

async fn teams_are_made_read_changed_and_deleted(server: Server) {
    let owner = Person::found(&server).await;
    let created = owner.api.post("/teams", json!({"name": " Platform ", "description": "What all stand on."})).await;
    let team = created.expect(201);
    assert_eq!((&team["name"], &team["member_count"], &team["version"]), (&json!("Platform"), &json!(0), &json!(1)));
    let path = format!("/teams/{}", text(&team, "id"));
    assert_eq!(created.header("location").unwrap(), format!("/api/v1{path}"));
    let read = owner.api.get(&path).await;
    assert_eq!(read.expect(200), team);
    owner.api.get(&path).header("if-none-match", read.etag()).await.expect(304);

    owner.api.put_nothing(format!("{path}/members/{}", owner.id)).await.expect(200);
    let counted = owner.api.get(&path).header("if-none-match", read.etag()).await.expect(200);
    assert_eq!(counted["member_count"], 1, "who comes makes it another one");
    owner.api.patch(&path, json!({"name": "Late"})).header("if-match", read.etag()).await.problem(412, "version.stale");
    let changed = owner.api.patch(&path, json!({"name": "Base", "description": null})).await.expect(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Base"), &Value::Null));
    assert_eq!((&changed["member_count"], &changed["version"]), (&json!(1), &json!(3)));
    owner.api.post("/teams", json!({"name": "BASE"})).await.problem(409, "team.name_taken");
    let wrong = owner.api.post("/teams", json!({"name": " ", "description": "x".repeat(501)})).await.faults(422);
    let wrong: Vec<_> = wrong.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(wrong, [("/description", "team.description_length"), ("/name", "team.name_length")]);

    owner.api.delete(&path).header("if-match", "\"1\"").await.problem(412, "version.stale");
    owner.api.delete(&path).await.expect(204);
    owner.api.get(&path).await.problem(404, "team.not_found");
    owner.api.get(format!("{path}/members")).await.problem(404, "team.not_found");
}

async fn teams_are_listed_by_name_and_by_member(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    for (name, people) in [("delta", vec![&member]), ("Alpha", vec![]), ("charlie", vec![&member, &owner])] {
        team(&owner, name, &people).await;
    }
    let names = |page: &Value| array(page).iter().map(|it| text(it, "name")).collect::<Vec<_>>();
    let first = member.api.get("/teams?limit=2&include=total").await.expect(200);
    assert_eq!((names(&first), &first["total"]), (vec!["Alpha".to_owned(), "charlie".to_owned()], &json!(3)));
    let next = member.api.get(format!("/teams?limit=2&cursor={}", text(&first, "next_cursor"))).await.expect(200);
    assert_eq!((names(&next), &next["next_cursor"]), (vec!["delta".to_owned()], &Value::Null));
    let own = member.api.get(format!("/teams?user_id={}", member.id)).await.expect(200);
    assert_eq!(names(&own), ["charlie", "delta"]);
}

async fn people_come_and_go(server: Server) {
    let owner = Person::found(&server).await;
    let (member, guest) = (owner.invite("Mia Member", "member").await, owner.invite("Gus Guest", "guest").await);
    let path = team(&owner, "Platform", &[]).await;
    let of = |person: &Person| format!("{path}/members/{}", person.id);
    let added = owner.api.put_nothing(of(&guest)).await.expect(200);
    assert_eq!((&added["user_id"], &added["display_name"]), (&json!(guest.id), &json!("Gus Guest")));
    assert_eq!(owner.api.put_nothing(of(&guest)).await.expect(200), added, "once");
    owner.api.put_nothing(of(&member)).await.expect(200);
    let listed = array(&owner.api.get(format!("{path}/members")).await.expect(200));
    assert_eq!(listed.iter().map(|it| text(it, "user_id")).collect::<Vec<_>>(), [guest.id.clone(), member.id.clone()]);
    let stranger = Person::found(&server).await;
    owner.api.put_nothing(of(&stranger)).await.problem(422, "team.member_outside_organization");
    owner.api.delete(of(&stranger)).await.problem(404, "member.not_found");
    stranger.api.delete(of(&stranger)).await.problem(404, "team.not_found");
    guest.api.delete(of(&guest)).await.expect(204);
    guest.api.delete(of(&guest)).await.problem(404, "team.not_found");
    owner.api.delete(of(&member)).await.expect(204);
    owner.api.delete(of(&member)).await.problem(404, "member.not_found");
}

async fn teams_are_for_admins_and_not_shown_to_guests(server: Server) {
    let owner = Person::found(&server).await;
    let (admin, member) = (owner.invite("Ann Admin", "admin").await, owner.invite("Mia Member", "member").await);
    let guest = owner.invite("Gus Guest", "guest").await;
    let path = team(&admin, "Platform", &[&guest]).await;
    member.api.get(&path).await.expect(200);
    for refused in [
        member.api.post("/teams", json!({"name": "Mine"})).await,
        member.api.patch(&path, json!({"name": "Mine"})).await,
        member.api.delete(&path).await,
        member.api.put_nothing(format!("{path}/members/{}", member.id)).await,
        guest.api.get("/teams").await,
        guest.api.get(&path).await,
        guest.api.get(format!("{path}/members")).await,
    ] {
        refused.problem(403, "permission.denied");
    }
}

async fn a_team_lets_its_members_into_a_private_project(server: Server) {
    let owner = Person::found(&server).await;
    let (member, other) = (owner.invite("Mia Member", "member").await, owner.invite("Max Member", "member").await);
    let project = private(&owner, "SEC").await;
    let task = owner.task(&project, "Fix the door").await;
    let task = format!("/tasks/{}", text(&task, "id"));
    let team = team(&owner, "Platform", &[&member]).await;
    let in_project = format!("{}{team}", path(&project));
    let hidden = async |person: &Person| {
        person.api.get(&task).await.problem(404, "task.not_found");
        person.api.get(path(&project)).await.problem(404, "project.not_found");
        for list in ["/projects", "/tasks"] {
            assert_eq!(person.all(list).await, Vec::<Value>::new(), "{list}");
        }
    };
    let shown = async |person: &Person| {
        person.api.get(&task).await.expect(200);
        person.api.get(path(&project)).await.expect(200);
        for list in ["/projects", "/tasks", &format!("{}/tasks", path(&project))] {
            assert_eq!(person.all(list).await.len(), 1, "{list}");
        }
    };
    hidden(&member).await;
    let added = owner.api.put(&in_project, json!({"role": "viewer"})).await.expect(200);
    assert_eq!(
        (&added["name"], &added["role"], &added["custom_role"]),
        (&json!("Platform"), &json!("viewer"), &Value::Null)
    );
    shown(&member).await;
    member.api.patch(&task, json!({"title": "Mine"})).await.problem(403, "permission.denied");
    owner.api.put(&in_project, json!({"role": "contributor"})).await.expect(200);
    member.api.patch(&task, json!({"title": "Ours", "assignee_ids": [member.id]})).await.expect(200);
    let listed = array(&member.api.get(format!("{}/teams", path(&project))).await.expect(200));
    assert_eq!((listed.len(), &listed[0]["role"]), (1, &json!("contributor")));
    hidden(&other).await;
    owner.api.put_nothing(format!("{team}/members/{}", other.id)).await.expect(200);
    shown(&other).await;
    other.api.delete(format!("{team}/members/{}", other.id)).await.expect(204);
    hidden(&other).await;
    owner.api.delete(&in_project).await.expect(204);
    owner.api.delete(&in_project).await.problem(404, "team.not_found");
    hidden(&member).await;
    assert_eq!(owner.api.get(&task).await.expect(200)["assignee_ids"], json!([]), "assignments end with the access");
    owner.api.put(&in_project, json!({"role": "viewer"})).await.expect(200);
    shown(&member).await;
    owner.api.delete(&team).await.expect(204);
    hidden(&member).await;
}

async fn guests_see_what_their_teams_are_in_and_never_manage(server: Server) {
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let (joined, other) = (owner.project("JOINED").await, owner.project("OTHER").await);
    let team = team(&owner, "Platform", &[&guest]).await;
    owner.api.put(format!("{}{team}", path(&joined)), json!({"role": "manager"})).await.expect(200);
    guest.api.get(path(&other)).await.problem(404, "project.not_found");
    let seen = guest.all("/projects").await;
    assert_eq!(seen.iter().map(|it| text(it, "key")).collect::<Vec<_>>(), ["JOINED"]);
    guest.task(&joined, "Mine").await;
    guest.api.patch(path(&joined), json!({"name": "Mine"})).await.problem(403, "permission.denied");
    let add = format!("{}/members/{}", path(&joined), guest.id);
    guest.api.put(add, json!({"role": "viewer"})).await.problem(403, "permission.denied");
}

async fn roles_add_up(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    owner.api.put(format!("{}/members/{}", path(&project), member.id), json!({"role": "viewer"})).await.expect(200);
    let create = || member.api.post("/tasks", json!({"project_id": project["id"], "title": "Mine"}));
    create().await.problem(403, "permission.denied");
    let team = team(&owner, "Platform", &[&member]).await;
    owner.api.put(format!("{}{team}", path(&project)), json!({"role": "manager"})).await.expect(200);
    create().await.expect(201);
    member.api.patch(path(&project), json!({"name": "Ours"})).await.expect(200);
    member.api.delete(format!("{team}/members/{}", member.id)).await.expect(204);
    create().await.problem(403, "permission.denied");
}

async fn a_private_project_keeps_a_manager_who_is_no_team(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = private(&owner, "SEC").await;
    let team = team(&owner, "Platform", &[&member]).await;
    owner.api.put(format!("{}{team}", path(&project)), json!({"role": "manager"})).await.expect(200);
    let own = format!("{}/members/{}", path(&project), owner.id);
    member.api.delete(&own).await.problem(409, "project.last_manager");
    // Who is in by a team leads as well as others, until the team goes.
    owner.api.patch(path(&project), json!({"lead_id": member.id})).await.expect(200);
    owner.api.delete(format!("{team}/members/{}", member.id)).await.expect(204);
    assert_eq!(owner.api.get(path(&project)).await.expect(200)["lead_id"], Value::Null);
}

async fn custom_roles_are_given_in_projects(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = private(&owner, "SEC").await;
    let release = role(&owner, "Release manager", &["project.view", "project.edit"]).await;
    let of_member = format!("{}/members/{}", path(&project), member.id);
    let given = owner.api.put(&of_member, json!({"custom_role_id": release})).await.expect(200);
    let custom = json!({"id": release, "name": "Release manager"});
    assert_eq!((&given["role"], &given["custom_role"]), (&json!("viewer"), &custom));
    assert_eq!(owner.api.get(&of_member).await.expect(200)["custom_role"], custom);
    member.api.patch(path(&project), json!({"name": "Ours"})).await.expect(200);
    let create = member.api.post("/tasks", json!({"project_id": project["id"], "title": "Mine"})).await;
    create.problem(403, "permission.denied");
    owner.api.put(&of_member, json!({"role": "viewer"})).await.expect(200);
    member.api.patch(path(&project), json!({"name": "Mine"})).await.problem(403, "permission.denied");

    let team = team(&owner, "Platform", &[&member]).await;
    let in_project = format!("{}{team}", path(&project));
    let given = owner.api.put(&in_project, json!({"custom_role_id": release})).await.expect(200);
    assert_eq!((&given["role"], &given["custom_role"]), (&json!("viewer"), &custom));
    member.api.patch(path(&project), json!({"name": "Ours again"})).await.expect(200);

    let stranger = Person::found(&server).await;
    let theirs = role(&stranger, "Theirs", &["project.view"]).await;
    for place in [&of_member, &in_project] {
        for (body, code) in [
            (json!({}), "role.missing"),
            (json!({"role": "viewer", "custom_role_id": release}), "role.ambiguous"),
            (json!({"custom_role_id": theirs}), "role.unknown"),
        ] {
            owner.api.put(place, body).await.problem(422, code);
        }
    }
}

async fn nobody_gives_more_than_they_have(server: Server) {
    let owner = Person::found(&server).await;
    let (member, other) = (owner.invite("Mia Member", "member").await, owner.invite("Max Member", "member").await);
    let project = private(&owner, "SEC").await;
    let hosts = role(&owner, "Host", &["project.view", "project.members.manage"]).await;
    let of = |person: &Person| format!("{}/members/{}", path(&project), person.id);
    owner.api.put(of(&member), json!({"custom_role_id": hosts})).await.expect(200);
    for role in ["manager", "contributor"] {
        member.api.put(of(&other), json!({"role": role})).await.problem(403, "permission.denied");
        member.api.put(of(&member), json!({"role": role})).await.problem(403, "permission.denied");
    }
    member.api.delete(of(&owner)).await.problem(403, "permission.denied");
    member.api.put(of(&owner), json!({"role": "viewer"})).await.problem(403, "permission.denied");
    let team = team(&owner, "Platform", &[&member]).await;
    let in_project = format!("{}{team}", path(&project));
    member.api.put(&in_project, json!({"role": "contributor"})).await.problem(403, "permission.denied");
    member.api.put(of(&other), json!({"role": "viewer"})).await.expect(200);
    member.api.put(&in_project, json!({"custom_role_id": hosts})).await.expect(200);
    member.api.delete(of(&other)).await.expect(204);
}

async fn who_is_added_is_told(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = private(&owner, "SEC").await;
    let team = team(&owner, "Platform", &[&member]).await;
    let titles = async |count: usize| {
        eventually(&format!("{count} notifications"), || async {
            let mut titles: Vec<_> = member.all("/notifications").await.iter().map(|it| text(it, "title")).collect();
            titles.sort();
            (titles.len() == count).then_some(titles)
        })
        .await
    };
    assert_eq!(titles(1).await, ["Ada Owner added you to the team Platform"]);
    owner.api.put(format!("{}{team}", path(&project)), json!({"role": "viewer"})).await.expect(200);
    assert_eq!(titles(2).await[1], "Ada Owner added your team to SEC Project SEC");
}

async fn teams_go_into_the_export_and_not_with_who_leaves(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let team = team(&owner, "Platform", &[&member, &owner]).await;
    let export = member.api.get("/users/me/export").await.expect(200);
    let teams = export["organizations"][0]["teams"].as_array().unwrap().clone();
    assert_eq!(teams.iter().map(|it| text(it, "name")).collect::<Vec<_>>(), ["Platform"]);
    owner.api.delete(format!("/members/{}", member.id)).await.expect(204);
    assert_eq!(owner.api.get(&team).await.expect(200)["member_count"], 1);
    let left = array(&owner.api.get(format!("{team}/members")).await.expect(200));
    assert_eq!(left.iter().map(|it| text(it, "user_id")).collect::<Vec<_>>(), std::slice::from_ref(&owner.id));
}

/// Each has its own cache, and had the answer in it. What they keep would be good for a minute, and that there is nothing
/// for five seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_team_gives_and_takes_counts_on_every_instance_within_a_second() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let second = server.start_second_api(Options::default()).await;
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = private(&owner, "SEC").await;
    let task = format!("/tasks/{}", text(&owner.task(&project, "Fix the door").await, "id"));
    let team = team(&owner, "Platform", &[&member]).await;
    let in_project = format!("{}{team}", path(&project));
    let membership = format!("{team}/members/{}", member.id);
    let there = member.api.at(&second.root);
    let answered = async |status: u16, after: &str| {
        eventually_within(Duration::from_secs(1), after, || async {
            (there.get(&task).await.status == status).then_some(())
        })
        .await;
    };
    answered(404, "nothing").await;
    owner.api.put(&in_project, json!({"role": "viewer"})).await.expect(200);
    answered(200, "a team that was added").await;
    owner.api.delete(&membership).await.expect(204);
    answered(404, "a member who was removed").await;
    owner.api.put_nothing(&membership).await.expect(200);
    answered(200, "a member who was added").await;
    owner.api.delete(&in_project).await.expect(204);
    answered(404, "a team that was removed").await;
    owner.api.put(&in_project, json!({"role": "viewer"})).await.expect(200);
    answered(200, "a team that was added again").await;
    owner.api.delete(&team).await.expect(204);
    answered(404, "a team that was deleted").await;
}
