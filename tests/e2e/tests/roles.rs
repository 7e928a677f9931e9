//! `/roles`, `/permissions` and `/users/me/permissions`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Deployment, Options, PASSWORD, Person, Server, array, eventually, eventually_within, on_every_deployment, text,
    unique_email,
};

on_every_deployment!(
    the_table_of_permissions_is_for_everybody,
    roles_are_made_changed_and_deleted,
    a_role_says_what_a_member_may_do_at_once,
    nobody_gives_more_than_they_have,
    people_are_invited_to_a_custom_role,
    programs_have_custom_roles_too,
    everybody_reads_what_they_may_do,
    what_happens_to_roles_is_on_the_audit_trail,
);

/// Everything about people, and the little that members may do.
const MANAGER: &[&str] = &["members.view", "members.manage", "invitations.manage", "roles.manage", "projects.create"];

async fn give(by: &Person, to: &Person, role: &Value) -> Value {
    by.api.patch(format!("/members/{}", to.id), json!({"custom_role_id": role["id"]})).await.expect(200)
}

async fn the_table_of_permissions_is_for_everybody(server: Server) {
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let answer = guest.api.get("/permissions").await.expect(200);
    assert_eq!(answer.get("next_cursor"), Some(&Value::Null), "it is short");
    let table = array(&answer);
    let page = guest.api.get("/permissions?limit=3&include=total").await.expect(200);
    assert_eq!((array(&page).len(), &page["total"]), (3, &json!(table.len())));
    let next = format!("/permissions?limit=3&cursor={}", text(&page, "next_cursor"));
    assert_eq!(array(&guest.api.get(next).await.expect(200))[0], table[3]);
    let row = |name: &str| table.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(row("audit.view")["granted_by"], json!(["owner", "admin"]));
    assert_eq!(row("owners.manage")["granted_by"], json!(["owner"]));
    assert_eq!(row("task.edit")["granted_by"], json!(["manager", "contributor"]));
    assert_eq!(
        (&row("roles.manage")["level"], &row("task.edit")["level"]),
        (&json!("organization"), &json!("project"))
    );
    assert!(table.iter().all(|row| text(row, "description").ends_with('.')));
}

async fn roles_are_made_changed_and_deleted(server: Server) {
    let owner = Person::found(&server).await;
    let body = json!({
        "level": "organization", "name": "Auditor", "description": "Reads the audit trail", "base": "guest",
        "permissions": ["audit.view"],
    });
    let made = owner.api.post("/roles", body.clone()).await;
    let role = made.expect(201);
    let path = format!("/roles/{}", text(&role, "id"));
    assert_eq!(made.header("location"), Some(format!("/api/v1{path}").as_str()));
    assert_eq!(role["permissions"], json!(["organization.view", "audit.view"]));
    assert_eq!((&role["base"], &role["version"]), (&json!("guest"), &json!(1)));
    owner.api.post("/roles", body).await.problem(409, "role.name_taken");
    let shouted = json!({"level": "organization", "name": "AUDITOR", "base": "guest", "permissions": []});
    owner.api.post("/roles", shouted).await.problem(409, "role.name_taken");
    let tester = json!({"level": "project", "name": "Auditor", "permissions": ["task.create"]});
    let tester = owner.api.post("/roles", tester).await.expect(201);
    assert_eq!((&tester["base"], &tester["description"]), (&Value::Null, &Value::Null));
    for (body, code) in [
        (json!({"level": "organization", "name": "", "base": "guest", "permissions": []}), "role.name_length"),
        (json!({"level": "organization", "name": "X", "permissions": []}), "role.base"),
        (json!({"level": "organization", "name": "X", "base": "admin", "permissions": []}), "role.base"),
        (json!({"level": "project", "name": "X", "base": "guest", "permissions": []}), "role.base"),
        (json!({"level": "project", "name": "X", "permissions": ["audit.view"]}), "role.permission_level"),
        (
            json!({"level": "organization", "name": "X", "base": "member", "permissions": ["owners.manage"]}),
            "role.owners_only",
        ),
    ] {
        owner.api.post("/roles", body).await.problem(422, code);
    }

    let read = owner.api.get(&path).await;
    assert_eq!(read.expect(200), role);
    owner.api.get(&path).header("if-none-match", read.etag()).await.expect(304);
    let renamed = owner.api.patch(&path, json!({"name": "Inspector"})).header("if-match", read.etag()).await;
    assert_eq!((&renamed.expect(200)["name"], &renamed.json()["version"]), (&json!("Inspector"), &json!(2)));
    let stale = owner.api.patch(&path, json!({"name": "Late"})).header("if-match", read.etag()).await;
    stale.problem(412, "version.stale");
    owner.api.delete(&path).header("if-match", read.etag()).await.problem(412, "version.stale");

    assert_eq!(array(&owner.api.get("/roles").await.expect(200)).len(), 2);
    let listed = owner.api.get("/roles?level=project&include=total").await.expect(200);
    assert_eq!((array(&listed), &listed["total"]), (vec![tester], &json!(1)));
    owner.api.delete(&path).header("if-match", renamed.etag()).await.expect(204);
    owner.api.get(&path).await.problem(404, "role.not_found");
}

async fn a_role_says_what_a_member_may_do_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let role = owner.role("Auditor", "member", &["audit.view"]).await;
    member.api.get("/audit-logs").await.problem(403, "permission.denied");
    let given = give(&owner, &member, &role).await;
    assert_eq!(given["role"], "member");
    assert_eq!(given["custom_role"], json!({"id": role["id"], "name": "Auditor"}));
    // With the token she has.
    member.api.get("/audit-logs").await.expect(200);
    member.api.get("/members").await.problem(403, "permission.denied");
    let organization = member.api.get("/organizations/current").await.expect(200);
    assert_eq!(organization["custom_role"]["name"], "Auditor");
    let login = json!({"email": member.email, "password": PASSWORD});
    let granted = member.api.without_token().post("/auth/login", login).await.expect(200);
    assert_eq!(granted["organization"]["custom_role"], given["custom_role"]);

    let path = format!("/roles/{}", text(&role, "id"));
    owner.api.patch(&path, json!({"permissions": ["members.view"]})).await.expect(200);
    member.api.get("/audit-logs").await.problem(403, "permission.denied");
    member.api.get("/members").await.expect(200);
    let filter = format!("/members?custom_role_id={}", text(&role, "id"));
    assert_eq!(array(&owner.api.get(filter).await.expect(200))[0]["user_id"], member.id.as_str());
    owner.api.delete(&path).await.problem(409, "role.in_use");

    let membership = format!("/members/{}", member.id);
    let both = json!({"role": "guest", "custom_role_id": role["id"]});
    owner.api.patch(&membership, both).await.problem(422, "role.ambiguous");
    let unknown = json!({"custom_role_id": owner.id});
    owner.api.patch(&membership, unknown).await.problem(422, "role.unknown");
    let tester = json!({"level": "project", "name": "Tester", "permissions": []});
    let tester = owner.api.post("/roles", tester).await.expect(201);
    let other_level = json!({"custom_role_id": tester["id"]});
    owner.api.patch(&membership, other_level).await.problem(422, "role.wrong_level");
    let back = owner.api.patch(&membership, json!({"role": "member"})).await.expect(200);
    assert_eq!(back["custom_role"], Value::Null);
    owner.api.delete(&path).await.expect(204);
    member.api.get("/members").await.expect(200);
}

async fn nobody_gives_more_than_they_have(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let (manager, peer) = (owner.invite("Max Manager", "member").await, owner.invite("Pia Peer", "member").await);
    let role = owner.role("People", "member", MANAGER).await;
    give(&owner, &manager, &role).await;
    let refused = "permission.denied";
    for member in [&manager, &peer] {
        let path = format!("/members/{}", member.id);
        manager.api.patch(path, json!({"role": "admin"})).await.problem(403, refused);
    }
    for stronger in [&admin, &owner] {
        let path = format!("/members/{}", stronger.id);
        manager.api.patch(&path, json!({"role": "guest"})).await.problem(403, refused);
        manager.api.delete(&path).await.problem(403, refused);
    }
    let invitation = json!({"email": unique_email("Strong"), "role": "admin"});
    manager.api.post("/invitations", invitation).await.problem(403, refused);
    let auditor = owner.role("Auditor", "guest", &["audit.view"]).await;
    let its = format!("/roles/{}", text(&auditor, "id"));
    manager
        .api
        .patch(format!("/members/{}", peer.id), json!({"custom_role_id": auditor["id"]}))
        .await
        .problem(403, refused);
    manager.api.patch(&its, json!({"permissions": []})).await.problem(403, refused);
    manager.api.delete(&its).await.problem(403, refused);
    let own = format!("/roles/{}", text(&role, "id"));
    let wider: Vec<_> = MANAGER.iter().chain(&["audit.view"]).collect();
    manager.api.patch(&own, json!({"permissions": wider})).await.problem(403, refused);
    let spy = json!({"level": "organization", "name": "Spy", "base": "guest", "permissions": ["audit.view"]});
    manager.api.post("/roles", spy).await.problem(403, refused);

    manager.role("Helper", "guest", &["members.view"]).await;
    manager.api.patch(format!("/members/{}", peer.id), json!({"role": "guest"})).await.expect(200);
    manager.api.delete(format!("/members/{}", peer.id)).await.expect(204);
}

async fn people_are_invited_to_a_custom_role(server: Server) {
    let owner = Person::found(&server).await;
    let role = owner.role("Auditor", "guest", &["audit.view"]).await;
    let neither = json!({"email": unique_email("Nora")});
    owner.api.post("/invitations", neither).await.problem(422, "role.missing");
    let email = unique_email("Nora");
    let invitation = json!({"email": email, "custom_role_id": role["id"]});
    let invited = owner.api.post("/invitations", invitation).await.expect(201);
    assert_eq!((&invited["role"], &invited["custom_role"]["name"]), (&json!("guest"), &json!("Auditor")));
    let accept = json!({"token": invited["token"], "display_name": "Nora", "password": PASSWORD});
    let granted = server.api().post("/invitations/accept", accept).await.expect(200);
    assert_eq!(granted["organization"]["custom_role"]["id"], role["id"]);
    let nora = Person::signed_in(&server.api(), &granted);
    nora.api.get("/audit-logs").await.expect(200);

    let brief = owner.role("Brief", "guest", &[]).await;
    let invitation = json!({"email": unique_email("Late"), "custom_role_id": brief["id"]});
    let invited = owner.api.post("/invitations", invitation).await.expect(201);
    owner.api.delete(format!("/roles/{}", text(&brief, "id"))).await.expect(204);
    let read = owner.api.get(format!("/invitations/{}", text(&invited, "id"))).await.expect(200);
    assert_eq!(read["custom_role"], Value::Null);
    let accept = json!({"token": invited["token"], "display_name": "Late", "password": PASSWORD});
    server.api().post("/invitations/accept", accept).await.problem(409, "invitation.revoked");
}

async fn programs_have_custom_roles_too(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let role = owner.role("Auditor", "guest", &["audit.view"]).await;
    let account = json!({"name": "Importer", "custom_role_id": role["id"]});
    admin.api.post("/service-accounts", account.clone()).await.problem(403, "permission.denied");
    let account = owner.api.post("/service-accounts", account).await.expect(201);
    assert_eq!(account["custom_role"]["name"], "Auditor");
    let token = json!({"name": "Nightly", "scopes": ["admin:audit", "tasks:read"]});
    let tokens = format!("/service-accounts/{}/tokens", text(&account, "id"));
    let token = owner.api.post(tokens, token).await.expect(201);
    let robot = server.api().with_token(&text(&token, "token"));
    robot.get("/audit-logs").await.expect(200);
    robot.get("/members").await.problem(403, "auth.insufficient_scope");
}

async fn everybody_reads_what_they_may_do(server: Server) {
    let owner = Person::found(&server).await;
    let (member, guest) = (owner.invite("Mia Member", "member").await, owner.invite("Gus Guest", "guest").await);
    let project = owner.project("ENG").await;
    let own = member.api.get("/users/me/permissions").await.expect(200);
    assert_eq!(
        own,
        json!({
            "organization": {
                "role": "member", "custom_role": null,
                "permissions": ["organization.view", "members.view", "projects.create"],
            },
            "project": null, "scopes": null,
        })
    );
    let contributor = json!({
        "id": project["id"], "permissions": ["project.view", "task.create", "task.edit", "task.delete"],
    });
    for named in [text(&project, "id"), "ENG".to_owned()] {
        let own = member.api.get(format!("/users/me/permissions?project_id={named}")).await.expect(200);
        assert_eq!(own["project"], contributor);
    }
    for hidden in [text(&project, "id").as_str(), "NONE", "nonsense!", ""] {
        let own = guest.api.get(format!("/users/me/permissions?project_id={hidden}")).await;
        own.problem(404, "project.not_found");
    }
    member.api.get("/users/me/permissions?project=ENG").await.problem(400, "query.unknown");
    let put = format!("/projects/{}/members/{}", text(&project, "id"), guest.id);
    owner.api.put(put, json!({"role": "viewer"})).await.expect(200);
    let own = guest.api.get("/users/me/permissions?project_id=ENG").await.expect(200);
    assert_eq!(own["project"]["permissions"], json!(["project.view"]));

    let (_, robot) = member.token(&["organization:read"]).await;
    assert_eq!(robot.get("/users/me/permissions").await.expect(200)["scopes"], json!(["organization:read"]));
}

async fn what_happens_to_roles_is_on_the_audit_trail(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let role = owner.role("Auditor", "guest", &["audit.view"]).await;
    give(&owner, &member, &role).await;
    let changes = eventually("the change of the role", || async {
        let trail = format!("/audit-logs?action=organization.member_role_changed&resource_id={}", member.id);
        Some(owner.all(&trail).await.pop()?["changes"].clone())
    })
    .await;
    let expected = json!([
        {"field": "role", "from": "member", "to": "guest"}, {"field": "custom_role", "from": null, "to": "Auditor"},
    ]);
    assert_eq!(changes, expected);
    owner.api.patch(format!("/roles/{}", text(&role, "id")), json!({"name": "Inspector"})).await.expect(200);
    let trail = format!("/audit-logs?resource_id={}", text(&role, "id"));
    let entries = eventually("both entries", || async {
        let entries = owner.all(&trail).await;
        (entries.len() == 2).then_some(entries)
    })
    .await;
    let mut actions: Vec<_> = entries.iter().map(|entry| text(entry, "action")).collect();
    actions.sort();
    assert_eq!(actions, ["role.created", "role.updated"]);
    assert!(entries.iter().all(|entry| entry["resource"]["type"] == "role"));
}

/// How soon a change has to count on every instance.
const SOON: std::time::Duration = std::time::Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_changes_counts_on_every_instance_within_a_second() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let second = server.start_second_api(Options::default()).await;
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let role = owner.role("Auditor", "member", &["audit.view"]).await;
    let path = format!("/roles/{}", text(&role, "id"));
    let there = member.api.at(&second.root);
    let answers = |expected: u16| {
        let there = &there;
        eventually_within(SOON, "the change on the other instance", move || async move {
            (there.get("/audit-logs").await.status == expected).then_some(())
        })
    };
    answers(403).await;
    give(&owner, &member, &role).await;
    answers(200).await;
    for _ in 0..5 {
        owner.api.patch(&path, json!({"permissions": []})).await.expect(200);
        answers(403).await;
        owner.api.patch(&path, json!({"permissions": ["audit.view"]})).await.expect(200);
        answers(200).await;
    }
    owner.api.patch(format!("/members/{}", member.id), json!({"role": "member"})).await.expect(200);
    answers(403).await;
}
