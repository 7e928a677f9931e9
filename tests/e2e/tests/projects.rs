//! `/projects`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{Person, Server, array, on_every_deployment, text};

on_every_deployment!(
    a_project_begins_with_the_standard_workflow,
    projects_are_found_by_id_and_key,
    projects_are_edited_by_merge_patch,
    projects_are_listed_filtered_and_sorted,
    archived_projects_do_not_change,
    deleted_projects_are_gone_with_their_tasks,
    private_projects_do_not_exist_for_others,
    members_come_and_go,
    a_private_project_keeps_a_manager,
    guests_see_what_they_were_added_to,
);

fn path(project: &Value) -> String {
    format!("/projects/{}", text(project, "id"))
}

async fn a_project_begins_with_the_standard_workflow(server: Server) {
    let owner = Person::found(&server).await;
    let body = json!({
        "key": "ENG", "name": "Engineering", "description": "All of it", "visibility": "private", "lead_id": owner.id,
    });
    let created = owner.api.post("/projects", body).await;
    let project = created.expect(201);
    assert_eq!(created.header("location").unwrap(), format!("/api/v1{}", path(&project)));
    let statuses: Vec<_> = project["statuses"].as_array().unwrap().iter().map(|it| it["key"].clone()).collect();
    assert_eq!(statuses, ["backlog", "todo", "in_progress", "in_review", "done", "canceled"]);
    assert_eq!(project["lead_id"], owner.id.as_str());
    assert_eq!(project["version"], 1);
    let again = owner.api.post("/projects", json!({"key": "ENG", "name": "Again", "visibility": "private"})).await;
    again.problem(409, "project.key_taken");
    let malformed = owner.api.post("/projects", json!({"key": "eng", "name": "", "visibility": "private"})).await;
    assert_eq!(malformed.faults(422).len(), 2);
}

async fn projects_are_found_by_id_and_key(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    assert_eq!(owner.api.get(path(&project)).await.expect(200), project);
    let by_key = owner.api.get("/projects/ENG").await;
    assert_eq!(by_key.expect(200), project);
    owner.api.get("/projects/ENG").header("if-none-match", by_key.etag()).await.expect(304);
    owner.api.get("/projects/NONE").await.problem(404, "project.not_found");
}

async fn projects_are_edited_by_merge_patch(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project_with("ENG", json!({"description": "Before"})).await;
    let changed = owner.api.patch(path(&project), json!({"name": "Changed"})).await.expect(200);
    assert_eq!((&changed["name"], &changed["description"]), (&json!("Changed"), &json!("Before")));
    let cleared = owner.api.patch("/projects/ENG", json!({"description": null})).await.expect(200);
    assert_eq!(cleared["description"], Value::Null);
    assert_eq!(cleared["version"], 3);
    let stale = owner.api.patch(path(&project), json!({"name": "Late"})).header("if-match", "\"1\"").await;
    stale.problem(412, "version.stale");
    let stranger = Person::found(&server).await;
    let lead = owner.api.patch(path(&project), json!({"lead_id": stranger.id})).await;
    lead.problem(422, "project.lead_outside_project");
    let member = owner.invite("Mia Member", "member").await;
    member.api.patch(path(&project), json!({"name": "Mine"})).await.problem(403, "permission.denied");
}

async fn projects_are_listed_filtered_and_sorted(server: Server) {
    let owner = Person::found(&server).await;
    for key in ["BB", "AA", "CC"] {
        owner.project(key).await;
    }
    owner.api.post("/projects/CC/archive", None).await.expect(200);
    let keys = |page: &Value| array(page).iter().map(|it| text(it, "key")).collect::<Vec<_>>();
    assert_eq!(keys(&owner.api.get("/projects?sort=key").await.expect(200)), ["AA", "BB", "CC"]);
    assert_eq!(keys(&owner.api.get("/projects?sort=-key").await.expect(200)), ["CC", "BB", "AA"]);
    assert_eq!(keys(&owner.api.get("/projects?sort=key&archived=false").await.expect(200)), ["AA", "BB"]);
    assert_eq!(keys(&owner.api.get("/projects?q=project%20b").await.expect(200)), ["BB"]);
    let first = owner.api.get("/projects?sort=key&limit=2&include=total").await.expect(200);
    assert_eq!((keys(&first), &first["total"]), (vec!["AA".to_owned(), "BB".to_owned()], &json!(3)));
    let cursor = text(&first, "next_cursor");
    let second = owner.api.get(format!("/projects?sort=key&limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((keys(&second), &second["next_cursor"]), (vec!["CC".to_owned()], &Value::Null));
}

async fn archived_projects_do_not_change(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let task = owner.task(&project, "Before").await;
    let archived = owner.api.post(format!("{}/archive", path(&project)), None).await.expect(200);
    assert!(archived["archived_at"].is_string());
    owner.api.post(format!("{}/archive", path(&project)), None).await.problem(409, "project.already_archived");
    let create = owner.api.post("/tasks", json!({"project_id": project["id"], "title": "After"})).await;
    create.problem(409, "project.archived");
    let edit = owner.api.patch(format!("/tasks/{}", text(&task, "id")), json!({"title": "After"})).await;
    edit.problem(409, "project.archived");
    let unarchived = owner.api.post(format!("{}/unarchive", path(&project)), None).await.expect(200);
    assert_eq!(unarchived["archived_at"], Value::Null);
    owner.api.post(format!("{}/unarchive", path(&project)), None).await.problem(409, "project.not_archived");
    owner.task(&project, "After").await;
}

async fn deleted_projects_are_gone_with_their_tasks(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let task = owner.task(&project, "In it").await;
    let member = owner.invite("Mia Member", "member").await;
    member.api.delete(path(&project)).await.problem(403, "permission.denied");
    owner.api.delete(path(&project)).await.expect(204);
    owner.api.get(path(&project)).await.problem(404, "project.not_found");
    owner.api.get(format!("/tasks/{}", text(&task, "id"))).await.problem(404, "task.not_found");
    owner.project("ENG").await;
}

async fn private_projects_do_not_exist_for_others(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = member.project_with("SECRET", json!({"visibility": "private"})).await;
    let task = member.task(&project, "Secret").await;
    // Not even for the owner of the organization.
    owner.api.get(path(&project)).await.problem(404, "project.not_found");
    owner.api.get("/projects/SECRET").await.problem(404, "project.not_found");
    owner.api.delete(path(&project)).await.problem(404, "project.not_found");
    owner.api.get(format!("/tasks/{}", text(&task, "key"))).await.problem(404, "task.not_found");
    owner.api.get(format!("{}/tasks", path(&project))).await.problem(404, "project.not_found");
    let create = owner.api.post("/tasks", json!({"project_id": project["id"], "title": "Mine"})).await;
    create.problem(404, "project.not_found");
    for list in ["/projects?include=total", "/tasks?include=total", "/tasks?q=secret&include=total"] {
        let page = owner.api.get(list).await.expect(200);
        assert_eq!((array(&page).len(), &page["total"]), (0, &json!(0)), "{list}");
    }
}

async fn members_come_and_go(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project_with("ENG", json!({"visibility": "private"})).await;
    let role = format!("{}/members/{}", path(&project), member.id);
    owner.api.get(&role).await.problem(404, "member.not_found");
    let added = owner.api.put(&role, json!({"role": "viewer"})).await.expect(200);
    assert_eq!((&added["role"], &added["user_id"]), (&json!("viewer"), &json!(member.id)));
    assert_eq!(owner.api.get(&role).await.expect(200)["role"], "viewer");
    member.api.get(path(&project)).await.expect(200);
    let create = member.api.post("/tasks", json!({"project_id": project["id"], "title": "Mine"})).await;
    create.problem(403, "permission.denied");
    owner.api.put(&role, json!({"role": "contributor"})).await.expect(200);
    member.task(&project, "Mine").await;
    let listed = array(&member.api.get(format!("{}/members", path(&project))).await.expect(200));
    assert_eq!(listed.len(), 2);
    let stranger = Person::found(&server).await;
    let outside = format!("{}/members/{}", path(&project), stranger.id);
    owner.api.put(outside, json!({"role": "viewer"})).await.problem(422, "project.member_outside_organization");
    owner.api.delete(&role).await.expect(204);
    member.api.get(path(&project)).await.problem(404, "project.not_found");
    owner.api.delete(&role).await.problem(404, "member.not_found");
}

async fn a_private_project_keeps_a_manager(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project_with("ENG", json!({"visibility": "private"})).await;
    let role = format!("{}/members/{}", path(&project), owner.id);
    owner.api.delete(&role).await.problem(409, "project.last_manager");
    owner.api.put(&role, json!({"role": "viewer"})).await.problem(409, "project.last_manager");
}

async fn guests_see_what_they_were_added_to(server: Server) {
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let (open, joined) = (owner.project("OPEN").await, owner.project("JOINED").await);
    let manager = owner.api.put(format!("{}/members/{}", path(&joined), guest.id), json!({"role": "manager"})).await;
    manager.problem(422, "project.guest_manager");
    owner.api.put(format!("{}/members/{}", path(&joined), guest.id), json!({"role": "contributor"})).await.expect(200);
    guest.api.get(path(&open)).await.problem(404, "project.not_found");
    let listed = array(&guest.api.get("/projects").await.expect(200));
    assert_eq!(listed.iter().map(|it| text(it, "key")).collect::<Vec<_>>(), ["JOINED"]);
    // A guest works in a project, but never manages one.
    guest.task(&joined, "Mine").await;
    guest.api.patch(path(&joined), json!({"name": "Mine"})).await.problem(403, "permission.denied");
    let create = guest.api.post("/projects", json!({"key": "MINE", "name": "Mine", "visibility": "private"})).await;
    create.problem(403, "permission.denied");
}
