//! `/members/{user_id}/suspend` and `/members/{user_id}/unsuspend`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Deployment, Options, PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment,
    on_own_servers, text,
};

on_every_deployment!(
    suspended_members_are_out_at_once_and_keep_what_they_have,
    who_is_suspended_signs_in_elsewhere_or_is_told,
    owners_and_oneself_are_special,
    programs_are_suspended_as_well,
);
on_deployment!(mysql_redis, MysqlRedis, suspended_members_are_out_at_once_and_keep_what_they_have);
on_own_servers!(the_operator_bars_people_everywhere);

async fn suspend(by: &Person, id: &str) -> Answer {
    by.api.post(format!("/members/{id}/suspend"), None).await
}

async fn unsuspend(by: &Person, id: &str) -> Answer {
    by.api.post(format!("/members/{id}/unsuspend"), None).await
}

async fn login(server: &Server, email: &str, password: &str) -> Answer {
    server.api().post("/auth/login", json!({"email": email, "password": password})).await
}

async fn suspended_members_are_out_at_once_and_keep_what_they_have(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project_with("ENG", json!({"visibility": "private"})).await;
    let role = format!("/projects/{}/members/{}", text(&project, "id"), member.id);
    owner.api.put(&role, json!({"role": "contributor"})).await.expect(200);
    let task = owner.task_with(&project, "Hers", json!({"assignee_ids": [member.id]})).await;
    let task = format!("/tasks/{}", text(&task, "id"));
    let (_, robot) = member.token(&["tasks:read"]).await;
    robot.get("/tasks").await.expect(200);

    let answer = suspend(&owner, &member.id).await;
    let suspended = answer.expect(200);
    assert_eq!((&suspended["state"], &suspended["role"]), (&json!("suspended"), &json!("member")));
    assert!(suspended["suspended_at"].is_string());
    member.api.get("/users/me").await.problem(401, "auth.ended_session");
    robot.get("/tasks").await.problem(401, "auth.invalid_token");
    suspend(&owner, &member.id).await.problem(409, "member.already_suspended");
    let listed = array(&owner.api.get("/members?state=suspended&include=total").await.expect(200));
    assert_eq!(listed, [suspended]);
    assert_eq!(array(&owner.api.get("/members?state=active").await.expect(200)).len(), 1);
    assert_eq!(owner.all("/members").await.len(), 2);

    // What she has waits for her; nothing is added to it.
    assert_eq!(owner.api.get(&task).await.expect(200)["assignee_ids"], json!([member.id]));
    owner.api.patch(&task, json!({"assignee_ids": [member.id, owner.id]})).await.expect(200);
    let other = json!({"project_id": project["id"], "title": "Another", "assignee_ids": [member.id]});
    owner.api.post("/tasks", other).await.problem(422, "task.assignee_outside_project");
    owner.api.put(&role, json!({"role": "viewer"})).await.problem(422, "project.member_outside_organization");
    let invitation = json!({"email": member.email, "role": "guest"});
    owner.api.post("/invitations", invitation).await.problem(409, "organization.already_member");

    let back = unsuspend(&owner, &member.id).await.expect(200);
    assert_eq!((&back["state"], &back["suspended_at"]), (&json!("active"), &Value::Null));
    unsuspend(&owner, &member.id).await.problem(409, "member.not_suspended");
    assert_eq!(member.api.get(&task).await.expect(200)["assignee_ids"], json!([member.id, owner.id]));
    robot.get("/tasks").await.expect(200);
    let told = eventually("a notification", || async {
        let inbox = member.all("/notifications").await;
        inbox.into_iter().find(|it| it["type"] == "organization.member_unsuspended")
    });
    told.await;
    let trail = "/audit-logs?action=organization.member_suspended";
    eventually("an entry", || async { array(&owner.api.get(trail).await.expect(200)).pop() }).await;
}

async fn who_is_suspended_signs_in_elsewhere_or_is_told(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    suspend(&owner, &member.id).await.expect(200);
    login(&server, &member.email, PASSWORD).await.problem(403, "auth.suspended");
    login(&server, &member.email, "not the password").await.problem(401, "auth.invalid_credentials");
    let refresh = json!({"refresh_token": member.refresh_token});
    server.api().post("/auth/refresh", refresh).await.problem(401, "auth.invalid_refresh_token");

    let other = Person::found(&server).await;
    let invitation = json!({"email": member.email, "role": "guest"});
    let invitation = other.api.post("/invitations", invitation).await.expect(201);
    let accept = json!({"token": invitation["token"], "password": PASSWORD});
    server.api().post("/invitations/accept", accept).await.expect(200);
    let signed_in = login(&server, &member.email, PASSWORD).await.expect(200);
    assert_eq!(signed_in["organization"]["id"], other.organization_id);
    let elsewhere = Person::signed_in(&server.api(), &signed_in);
    let organizations = elsewhere.all("/organizations").await;
    assert_eq!(organizations.iter().map(|it| text(it, "id")).collect::<Vec<_>>(), [other.organization_id]);
    let switch = json!({"organization_id": owner.organization_id});
    elsewhere.api.post("/auth/switch-organization", switch).await.problem(404, "organization.not_found");
}

async fn owners_and_oneself_are_special(server: Server) {
    let owner = Person::found(&server).await;
    let second = owner.invite("Olga Owner", "owner").await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let member = owner.invite("Mia Member", "member").await;
    suspend(&member, &admin.id).await.problem(403, "permission.denied");
    suspend(&admin, &owner.id).await.problem(403, "permission.denied");
    suspend(&owner, &owner.id).await.problem(409, "member.own_suspension");
    suspend(&admin, &member.id).await.expect(200);
    suspend(&owner, &second.id).await.expect(200);
    let demote = json!({"role": "member"});
    let last = owner.api.patch(format!("/members/{}", owner.id), demote).await;
    last.problem(409, "organization.last_owner");
    unsuspend(&admin, &second.id).await.problem(403, "permission.denied");
    unsuspend(&owner, &second.id).await.expect(200);
    second.api.get("/audit-logs").await.expect(200);
}

async fn programs_are_suspended_as_well(server: Server) {
    let owner = Person::found(&server).await;
    let program = json!({"name": "Importer", "role": "member"});
    let program = text(&owner.api.post("/service-accounts", program).await.expect(201), "id");
    let token = json!({"name": "Nightly", "scopes": ["tasks:read"]});
    let token = owner.api.post(format!("/service-accounts/{program}/tokens"), token).await.expect(201);
    let robot = owner.api.with_token(&text(&token, "token"));
    robot.get("/tasks").await.expect(200);
    suspend(&owner, &program).await.expect(200);
    robot.get("/tasks").await.problem(401, "auth.invalid_token");
    unsuspend(&owner, &program).await.expect(200);
    robot.get("/tasks").await.expect(200);
}

async fn the_operator_bars_people_everywhere(deployment: Deployment) {
    let server = Server::start(deployment, Options::default()).await;
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let (_, robot) = member.token(&["tasks:read"]).await;
    robot.get("/tasks").await.expect(200);

    let (done, output) = server.tenon(&["users", "deactivate", &owner.email]);
    assert!(!done && output.contains("only owner"), "{output}");
    let (done, output) = server.tenon(&["users", "deactivate", &member.email]);
    assert!(done && output.contains("suspended in 1 organizations; 1 sessions have ended"), "{output}");
    let is_out = || async { (member.api.get("/users/me").await.status == 401).then_some(()) };
    eventually("the end of the member's access", is_out).await;
    let is_out = || async { (robot.get("/tasks").await.status == 401).then_some(()) };
    eventually("the end of the program's access", is_out).await;
    login(&server, &member.email, PASSWORD).await.problem(403, "auth.suspended");

    let (done, output) = server.tenon(&["users", "reactivate", &member.email]);
    assert!(done && output.contains("let in again by 1 organizations"), "{output}");
    let is_back = || async { (robot.get("/tasks").await.status == 200).then_some(()) };
    eventually("the program's access", is_back).await;
    login(&server, &member.email, PASSWORD).await.expect(200);
    let (done, output) = server.tenon(&["users", "deactivate", "nobody@example.com"]);
    assert!(!done, "{output}");
}
