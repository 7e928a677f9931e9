//! Every operation once, as clients use them.

mod accounts;

use reqwest::Method;
use serde_json::json;
use tenon_e2e_tests::{Api, NameServer, Options, PASSWORD, Person, Server, eventually, text, unique_email};

use self::accounts::{
    tour_of_credentials, tour_of_passkeys, tour_of_second_factors, tour_of_single_sign_on, tour_of_tokens,
};

/// Uses everything once, as a client would.
pub(crate) async fn tour(server: &Server, api: &Api) {
    tour_of_domains(server, api).await;
    tour_of_credentials(server, api).await;
    tour_of_second_factors(api).await;
    tour_of_passkeys(api).await;
    tour_of_single_sign_on(server, api).await;
    let owner = Person::found_with(api).await;
    let login = api.post("/auth/login", json!({"email": owner.email, "password": PASSWORD})).await.expect(200);
    let second = Person::signed_in(api, &login);
    second.api.post("/auth/logout", None).await.expect(204);
    let leaving = Person::found_with(api).await;
    let sessions = leaving.all("/auth/sessions").await;
    leaving.api.delete(format!("/auth/sessions/{}", text(&sessions[0], "id"))).await.expect(204);
    server.lock_sign_in(&leaving.email).await;
    let token = server.unlock_token(&leaving.email).await;
    api.post("/auth/unlock", json!({"token": token})).await.expect(204);
    let login = api.post("/auth/login", json!({"email": leaving.email, "password": PASSWORD})).await.expect(200);
    Person::signed_in(api, &login).api.post("/auth/logout-all", None).await.expect(204);
    api.post("/auth/refresh", json!({"refresh_token": owner.refresh_token})).await.expect(200);
    owner.api.get("/auth/csrf").await.expect(200);
    owner.api.get("/users/me").await.expect(200);
    owner.api.patch("/users/me", json!({"display_name": "Ada"})).await.expect(200);
    tour_of_tokens(&owner).await;
    owner.api.get("/organizations/current").await.expect(200);
    owner.api.patch("/organizations/current", json!({"name": "Engines"})).await.expect(200);
    let elsewhere = owner.api.post("/organizations", json!({"name": "Elsewhere"})).await.expect(201);
    owner.api.get("/organizations").await.expect(200);
    owner.api.get(format!("/organizations/{}", text(&elsewhere, "id"))).await.expect(200);
    let switched = json!({"organization_id": elsewhere["id"]});
    owner.api.post("/auth/switch-organization", switched).await.expect(200);

    let member = owner.invite("Mia Member", "member").await;
    tour_of_roles(&owner, &member).await;
    let leaving = owner.invite("Lea Leaving", "member").await;
    owner.api.get("/members").await.expect(200);
    let path = format!("/members/{}", leaving.id);
    owner.api.get(&path).await.expect(200);
    owner.api.patch(&path, json!({"role": "guest"})).await.expect(200);
    owner.api.post(format!("{path}/suspend"), None).await.expect(200);
    owner.api.post(format!("{path}/unsuspend"), None).await.expect(200);
    owner.api.delete(&path).await.expect(204);
    let transfer = json!({"user_id": member.id, "password": PASSWORD, "keep_role": true});
    owner.api.post("/organizations/current/transfer", transfer).await.expect(200);
    let deleted = owner.invite("Dora Deleted", "guest").await;
    deleted.api.get("/users/me/export").await.expect(200);
    deleted.api.call(Method::DELETE, "/users/me", Some(json!({"password": PASSWORD}))).await.expect(204);
    let invitation = json!({"email": unique_email("Nina"), "role": "member"});
    let invitation = owner.api.post("/invitations", invitation).await.expect(201);
    owner.api.get("/invitations").await.expect(200);
    let path = format!("/invitations/{}", text(&invitation, "id"));
    owner.api.get(&path).await;
    owner.api.delete(&path).await.expect(204);

    let project = owner.project("ENG").await;
    let path = format!("/projects/{}", text(&project, "id"));
    owner.api.get("/projects").await.expect(200);
    owner.api.get(&path).await.expect(200);
    owner.api.patch(&path, json!({"name": "Engineering"})).await.expect(200);
    owner.api.post(format!("{path}/archive"), None).await.expect(200);
    owner.api.post(format!("{path}/unarchive"), None).await.expect(200);
    let role = format!("{path}/members/{}", member.id);
    owner.api.put(&role, json!({"role": "contributor"})).await.expect(200);
    owner.api.get(&role).await.expect(200);
    owner.api.get(format!("{path}/members")).await.expect(200);
    owner.api.delete(&role).await.expect(204);
    tour_of_teams(&owner, &member, &path).await;

    let task = owner.task_with(&project, "Use everything", json!({"assignee_ids": [member.id]})).await;
    let task_path = format!("/tasks/{}", text(&task, "id"));
    owner.api.get("/tasks").await.expect(200);
    owner.api.get(format!("{path}/tasks")).await.expect(200);
    owner.api.get(&task_path).await.expect(200);
    owner.api.patch(&task_path, json!({"priority": "high"})).await.expect(200);
    owner.api.post(format!("{task_path}/transition"), json!({"status": "done"})).await.expect(200);
    owner.api.delete(&task_path).await.expect(204);
    owner.api.post(format!("{task_path}/restore"), None).await.expect(200);

    let told = eventually("a notification", || async { member.all("/notifications").await.pop() }).await;
    let read = member.api.post(format!("/notifications/{}/read", text(&told, "id")), None).await;
    assert!(read.status < 300, "{}", read.text);
    member.api.get("/notifications/unread-count").await.expect(200);
    assert!(member.api.post("/notifications/read-all", None).await.status < 300);
    owner.api.get("/audit-logs").await.expect(200);
    owner.api.delete(&path).await.expect(204);
}

/// Proves a domain, and has somebody join by it: where there is a name server that says what it takes.
async fn tour_of_domains(server: &Server, api: &Api) {
    let names = NameServer::start().await;
    let options = Options::default().with("TENON_DNS_SERVERS", names.address());
    let server = Server::start(server.deployment(), options).await;
    let api = &api.at(server.root());
    let (owner, joining) = (Person::found_with(api).await, Person::found_with(api).await);
    api.post("/auth/verify-email/resend", json!({"email": joining.email})).await.expect(202);
    let token = server.mailed_token(&joining.email, "account/verify-email", &[]).await;
    api.post("/auth/verify-email", json!({"token": token})).await.expect(204);
    let claimed = owner.api.post("/domains", json!({"domain": "example.com"})).await.expect(201);
    owner.api.get("/domains").await.expect(200);
    let path = format!("/domains/{}", text(&claimed, "id"));
    owner.api.get(&path).await.expect(200);
    names.say(&text(&claimed["record"], "name"), &[&text(&claimed["record"], "value")]);
    owner.api.post(format!("{path}/verify"), None).await.expect(200);
    owner.api.patch(&path, json!({"auto_join_role": "guest"})).await.expect(200);
    joining.api.get("/organizations/joinable").await.expect(200);
    joining.api.post(format!("/organizations/{}/join", owner.organization_id), None).await.expect(200);
    owner.api.delete(&path).await.expect(204);
}

/// Makes a role, gives it and takes it back.
async fn tour_of_roles(owner: &Person, member: &Person) {
    owner.api.get("/permissions").await.expect(200);
    let role = text(&owner.role("Auditor", "guest", &["audit.view"]).await, "id");
    let path = format!("/roles/{role}");
    owner.api.get("/roles").await.expect(200);
    owner.api.get(&path).await.expect(200);
    owner.api.patch(&path, json!({"permissions": ["audit.view", "members.view"]})).await.expect(200);
    let membership = format!("/members/{}", member.id);
    owner.api.patch(&membership, json!({"custom_role_id": role})).await.expect(200);
    member.api.get("/users/me/permissions").await.expect(200);
    owner.api.delete(&path).await.problem(409, "role.in_use");
    owner.api.patch(&membership, json!({"role": "member"})).await.expect(200);
    owner.api.delete(&path).await.expect(204);
}

/// Makes a team of a member, puts it into a project, and takes all that back.
async fn tour_of_teams(owner: &Person, member: &Person, project: &str) {
    let team = owner.api.post("/teams", json!({"name": "Platform"})).await.expect(201);
    let path = format!("/teams/{}", text(&team, "id"));
    owner.api.get("/teams").await.expect(200);
    owner.api.get(&path).await.expect(200);
    owner.api.patch(&path, json!({"description": "What all others stand on."})).await.expect(200);
    let membership = format!("{path}/members/{}", member.id);
    owner.api.put_nothing(&membership).await.expect(200);
    owner.api.get(format!("{path}/members")).await.expect(200);
    let in_project = format!("{project}{path}");
    owner.api.put(&in_project, json!({"role": "viewer"})).await.expect(200);
    owner.api.get(format!("{project}/teams")).await.expect(200);
    owner.api.delete(&in_project).await.expect(204);
    owner.api.delete(&membership).await.expect(204);
    owner.api.delete(&path).await.expect(204);
}
