//! `/members/{user_id}/suspend` and `/members/{user_id}/unsuspend`, and `tenon users`, which bars people everywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Deployment, Options, PASSWORD, PasskeyDevice, Person, Server, array, eventually, on_deployment,
    on_every_deployment, on_own_servers, text,
};

on_every_deployment!(
    suspended_members_are_out_at_once_and_keep_what_they_have,
    who_is_suspended_signs_in_elsewhere_or_is_told,
    owners_and_oneself_are_special,
    programs_are_suspended_as_well,
);
on_deployment!(mysql_redis, MysqlRedis, suspended_members_are_out_at_once_and_keep_what_they_have);
on_own_servers!(the_operator_bars_people_everywhere, a_passkey_lets_nobody_in_who_is_deactivated);

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
    server.api().post("/auth/refresh", refresh).await.problem(403, "auth.suspended");
    let made_up = json!({"refresh_token": format!("{}0", member.refresh_token)});
    server.api().post("/auth/refresh", made_up).await.problem(401, "auth.invalid_refresh_token");

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
    let (owner, other, third) =
        (Person::found(&server).await, Person::found(&server).await, Person::found(&server).await);
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project_with("ENG", json!({"visibility": "private"})).await;
    let role = format!("/projects/{}/members/{}", text(&project, "id"), member.id);
    owner.api.put(&role, json!({"role": "contributor"})).await.expect(200);
    let task = owner.task_with(&project, "Hers", json!({"assignee_ids": [member.id]})).await;
    let task = format!("/tasks/{}", text(&task, "id"));
    // In one more organization, which has suspended her.
    let invitation = json!({"email": member.email, "role": "admin"});
    let invitation = other.api.post("/invitations", invitation).await.expect(201);
    let accept = json!({"token": invitation["token"], "password": PASSWORD});
    server.api().post("/invitations/accept", accept).await.expect(200);
    suspend(&other, &member.id).await.expect(200);
    let (_, robot) = member.token(&["tasks:read"]).await;
    robot.get("/tasks").await.expect(200);
    let program = json!({"name": "Importer", "role": "member"});
    let program = text(&owner.api.post("/service-accounts", program).await.expect(201), "id");
    let token = json!({"name": "Nightly", "scopes": ["tasks:read"]});
    let token = owner.api.post(format!("/service-accounts/{program}/tokens"), token).await.expect(201);
    let program = owner.api.with_token(&text(&token, "token"));

    let (done, output) = server.tenon(&["users", "deactivate", &owner.email]);
    assert!(!done && output.contains("only owner"), "{output}");
    let (done, output) = server.tenon(&["users", "deactivate", &member.email]);
    let said = "deactivated: kept out of 2 organizations; 2 sessions have ended";
    assert!(done && output.contains(said), "{output}");
    let is_out = || async { (member.api.get("/users/me").await.status == 401).then_some(()) };
    eventually("the end of the member's access", is_out).await;
    let is_out = || async { (robot.get("/tasks").await.status == 401).then_some(()) };
    eventually("the end of the program's access", is_out).await;
    program.get("/tasks").await.expect(200);
    let (done, output) = server.tenon(&["users", "deactivate", &member.email]);
    assert!(done && output.contains("deactivated already"), "{output}");

    // No way leads in, and nobody is told why who has not shown who they are.
    login(&server, &member.email, PASSWORD).await.problem(403, "auth.deactivated");
    login(&server, &member.email, "not the password").await.problem(401, "auth.invalid_credentials");
    let refresh = json!({"refresh_token": member.refresh_token});
    server.api().post("/auth/refresh", refresh).await.problem(401, "auth.invalid_refresh_token");
    let invitation = json!({"email": member.email, "role": "admin"});
    let invitation = third.api.post("/invitations", invitation).await.expect(201);
    let accept = |password: &str| json!({"token": invitation["token"], "password": password});
    let guessed = server.api().post("/invitations/accept", accept("not the password")).await;
    guessed.problem(401, "auth.invalid_credentials");
    server.api().post("/invitations/accept", accept(PASSWORD)).await.problem(403, "auth.deactivated");
    assert_eq!(third.all("/members").await.len(), 1);

    // Organizations see it, and what she has stays.
    let listed = async |by: &Person, state: &str| {
        let members = by.all(&format!("/members?state={state}")).await;
        members.into_iter().map(|it| (text(&it, "user_id"), text(&it, "state"))).collect::<Vec<_>>()
    };
    let shown = [(member.id.clone(), "deactivated".to_owned())];
    assert_eq!(listed(&owner, "deactivated").await, shown);
    assert_eq!(listed(&other, "deactivated").await, shown, "suspended or not");
    assert_eq!(listed(&other, "suspended").await, []);
    assert_eq!(owner.api.get(&task).await.expect(200)["assignee_ids"], json!([member.id]));
    let another = json!({"project_id": project["id"], "title": "Another", "assignee_ids": [member.id]});
    owner.api.post("/tasks", another).await.problem(422, "task.assignee_outside_project");
    for by in [&owner, &other] {
        let trail = || async { by.all("/audit-logs?action=user.deactivated").await.pop() };
        assert_eq!(eventually("an entry", trail).await["resource"]["id"], member.id);
    }

    let (done, output) = server.tenon(&["users", "reactivate", &member.email]);
    assert!(done && output.contains("reactivated: a member of 2 organizations, as before"), "{output}");
    let is_back = || async { (robot.get("/tasks").await.status == 200).then_some(()) };
    eventually("the program's access", is_back).await;
    let is_over = || async { (member.api.get("/users/me").await.status == 401).then_some(()) };
    eventually("the end of her session, which does not come back", is_over).await;
    let signed_in = login(&server, &member.email, PASSWORD).await.expect(200);
    let organization = &signed_in["organization"];
    assert_eq!((&organization["id"], &organization["role"]), (&json!(owner.organization_id), &json!("member")));
    let back = Person::signed_in(&server.api(), &signed_in);
    assert_eq!(back.api.get(&task).await.expect(200)["assignee_ids"], json!([member.id]));
    assert_eq!(owner.api.get(&role).await.expect(200)["role"], "contributor");
    assert_eq!(listed(&other, "suspended").await, [(member.id.clone(), "suspended".to_owned())]);
    let switch = json!({"organization_id": other.organization_id});
    back.api.post("/auth/switch-organization", switch).await.problem(404, "organization.not_found");
    server.api().post("/invitations/accept", accept(PASSWORD)).await.expect(200);
    let (done, output) = server.tenon(&["users", "reactivate", &member.email]);
    assert!(done && output.contains("not deactivated"), "{output}");
    for action in ["deactivate", "reactivate"] {
        let (done, output) = server.tenon(&["users", action, "nobody@example.com"]);
        assert!(!done && output.contains("no such user"), "{output}");
    }
}

async fn a_passkey_lets_nobody_in_who_is_deactivated(deployment: Deployment) {
    let server = Server::start(deployment, Options::default()).await;
    let owner = Person::found(&server).await;
    let member = owner.invite("Pia Passkey", "guest").await;
    let mut phone = PasskeyDevice::default();
    member.add_passkey(&mut phone, "Phone").await;
    phone.sign_in(&server.api()).await.expect(200);
    let waiting = login(&server, &member.email, PASSWORD).await.problem(401, "mfa_required");
    let (done, output) = server.tenon(&["users", "deactivate", &member.email]);
    assert!(done, "{output}");
    phone.sign_in(&server.api()).await.problem(403, "auth.deactivated");
    let answer = phone.second_factor(&server.api(), &text(&waiting, "mfa_token")).await;
    server.api().post("/auth/mfa/verify", answer).await.problem(403, "auth.deactivated");
    let (done, output) = server.tenon(&["users", "reactivate", &member.email]);
    assert!(done, "{output}");
    phone.sign_in(&server.api()).await.expect(200);
}
