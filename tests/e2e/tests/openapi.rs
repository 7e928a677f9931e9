//! The OpenAPI document as a ratchet: every operation in it must be tried for success, without credentials, with forged
//! ones, with another organization's ids, without permission and with tokens that have its scope or lack it. What is not
//! tried is listed here, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Ids, Operation, operations};
use tenon_e2e_tests::{
    Answer, Api, Deployment, JWT_SECRET, PASSWORD, Person, Server, eventually, on_every_deployment, text, tokens,
    unique_email,
};

on_every_deployment!(
    every_operation_succeeds_as_documented,
    every_operation_wants_genuine_credentials,
    every_operation_that_changes_something_wants_the_csrf_token_of_a_cookie,
    no_operation_reaches_into_another_organization,
    no_operation_lets_a_guest_do_what_guests_may_not,
    every_operation_takes_a_token_with_the_scope_it_documents_and_no_other,
);

/// Open to everybody who is signed in: there is no permission to lack. They act on the caller's own things, or list
/// only what the caller may see.
const OPEN_TO_GUESTS: &[&str] = &[
    "POST /auth/logout",
    "POST /auth/logout-all",
    "GET /auth/csrf",
    "GET /auth/sessions",
    "POST /auth/switch-organization",
    "GET /users/me",
    "PATCH /users/me",
    "DELETE /users/me",
    "GET /users/me/export",
    "GET /users/me/tokens",
    "POST /users/me/tokens",
    "POST /users/me/password",
    "POST /users/me/email",
    "GET /users/me/mfa",
    "POST /users/me/mfa/totp",
    "POST /users/me/mfa/totp/confirm",
    "DELETE /users/me/mfa/totp",
    "POST /users/me/mfa/recovery-codes",
    "GET /organizations",
    "POST /organizations",
    "GET /organizations/current",
    "GET /projects",
    "GET /tasks",
    "GET /notifications",
    "GET /notifications/unread-count",
    "POST /notifications/read-all",
];

/// No personal access token is good for these, whatever its scopes.
const FOR_PEOPLE_ONLY: &[&str] = &[
    // Whoever gets hold of a token must not turn it into something that lasts longer or reaches further.
    "POST /auth/logout",
    "POST /auth/logout-all",
    "GET /auth/csrf",
    "GET /auth/sessions",
    "DELETE /auth/sessions/{session}",
    "DELETE /users/me",
    "GET /users/me/export",
    "POST /users/me/password",
    "POST /users/me/email",
    "POST /users/me/mfa/totp",
    "POST /users/me/mfa/totp/confirm",
    "DELETE /users/me/mfa/totp",
    "POST /users/me/mfa/recovery-codes",
    "GET /users/me/tokens",
    "POST /users/me/tokens",
    "GET /users/me/tokens/{token}",
    "DELETE /users/me/tokens/{token}",
    "GET /organizations/current/tokens",
    "GET /organizations/current/tokens/{token}",
    "DELETE /organizations/current/tokens/{token}",
    "POST /service-accounts/{service_account}/tokens",
    // A token acts in one organization.
    "POST /auth/switch-organization",
    "GET /organizations",
    "POST /organizations",
];

/// A body that an operation would take, so that nothing but the missing right refuses it.
fn body_of(operation: &Operation, ids: &Ids) -> Option<Value> {
    Some(match operation.name().split('{').next().unwrap_or_default() {
        "PATCH /users/me" => json!({"display_name": "Somebody"}),
        "DELETE /users/me" => json!({"password": "not the password"}),
        "POST /users/me/password" => {
            json!({"current_password": PASSWORD, "new_password": "a quieter place for staples"})
        }
        "POST /users/me/email" => json!({"current_password": PASSWORD, "new_email": unique_email("X")}),
        "POST /users/me/mfa/totp" => json!({"password": PASSWORD}),
        "POST /users/me/mfa/totp/confirm" | "DELETE /users/me/mfa/totp" | "POST /users/me/mfa/recovery-codes" => {
            json!({"code": "123456"})
        }
        "POST /auth/switch-organization" => json!({"organization_id": ids.project}),
        "POST /users/me/tokens" | "POST /service-accounts/" => json!({"name": "Robot", "scopes": ["tasks:read"]}),
        "POST /service-accounts" => json!({"name": "Importer", "role": "member"}),
        "POST /organizations" | "PATCH /organizations/current" => json!({"name": "Name"}),
        "PATCH /members/" => json!({"role": "guest"}),
        "POST /invitations" => json!({"email": unique_email("X"), "role": "guest"}),
        "POST /projects" => json!({"key": "NEW", "name": "New", "visibility": "private"}),
        "PATCH /projects/" => json!({"name": "Changed"}),
        "PUT /projects/" => json!({"role": "viewer"}),
        "POST /tasks" => json!({"project_id": ids.project, "title": "New"}),
        "PATCH /tasks/" => json!({"title": "Changed"}),
        "POST /tasks/" if operation.path.ends_with("/transition") => json!({"status": "todo"}),
        _ => return None,
    })
}

async fn call(api: &Api, operation: &Operation, ids: &Ids) -> Answer {
    api.call(operation.method.clone(), &operation.fill(ids), body_of(operation, ids)).await
}

async fn every_operation_succeeds_as_documented(server: Server) {
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let api = server.api().recorded(exchanges.clone());
    tour(&server, &api).await;
    let exchanges = exchanges.lock().unwrap().clone();
    let mut missing = Vec::new();
    for operation in operations(&server).await {
        let mut succeeded = false;
        for exchange in exchanges.iter().filter(|it| operation.matches(it)) {
            let status = exchange.status.to_string();
            assert!(operation.statuses.contains(&status), "{} answered {status}, undocumented", operation.name());
            succeeded |= exchange.status < 300;
        }
        // The document itself is fetched by every test here.
        if !succeeded && !operation.path.ends_with("/openapi.json") {
            missing.push(operation.name());
        }
    }
    assert!(missing.is_empty(), "the tour leaves out {missing:?}");
}

/// Uses what changes passwords and addresses, and the links that are mailed for it.
async fn tour_of_credentials(server: &Server, api: &Api) {
    let person = Person::found_with(api).await;
    api.post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, "account/verify-email", &[]).await;
    api.post("/auth/verify-email", json!({"token": token})).await.expect(204);
    let passwords = json!({"current_password": PASSWORD, "new_password": "a quieter place for staples"});
    person.api.post("/users/me/password", passwords).await.expect(204);
    let email = unique_email("Countess");
    let change = json!({"current_password": "a quieter place for staples", "new_email": email});
    person.api.post("/users/me/email", change).await.expect(202);
    let token = server.mailed_token(&email, "account/confirm-email", &[]).await;
    api.post("/auth/confirm-email", json!({"token": token})).await.expect(204);
    api.post("/auth/forgot-password", json!({"email": email})).await.expect(202);
    let token = server.mailed_token(&email, "account/reset-password", &[]).await;
    api.post("/auth/reset-password", json!({"token": token, "password": PASSWORD})).await.expect(204);
}

/// Sets an authenticator app up, signs in with it and removes it.
async fn tour_of_second_factors(api: &Api) {
    let person = Person::found_with(api).await;
    let (mut app, codes) = person.enroll().await;
    person.api.get("/users/me/mfa").await.expect(200);
    person.api.post("/users/me/mfa/recovery-codes", json!({"code": codes[0]})).await.expect(200);
    let login = api.post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await;
    let token = text(&login.problem(401, "mfa_required"), "mfa_token");
    let code = app.next_code().await;
    api.post("/auth/mfa/verify", json!({"mfa_token": token, "code": code})).await.expect(200);
    let code = json!({"code": app.next_code().await});
    person.api.call(Method::DELETE, "/users/me/mfa/totp", Some(code)).await.expect(204);
}

/// Makes tokens, of a person's own and of a program, and revokes them.
async fn tour_of_tokens(owner: &Person) {
    let token = json!({"name": "Robot", "scopes": ["tasks:read"]});
    let own = owner.api.post("/users/me/tokens", token.clone()).await.expect(201);
    owner.api.get("/users/me/tokens").await.expect(200);
    let program = json!({"name": "Importer", "role": "member"});
    let program = owner.api.post("/service-accounts", program).await.expect(201);
    owner.api.get("/service-accounts").await.expect(200);
    let program = format!("/service-accounts/{}", text(&program, "id"));
    owner.api.get(&program).await.expect(200);
    let its = owner.api.post(format!("{program}/tokens"), token).await.expect(201);
    owner.api.get("/organizations/current/tokens").await.expect(200);
    for path in [
        format!("/users/me/tokens/{}", text(&own, "id")),
        format!("/organizations/current/tokens/{}", text(&its, "id")),
    ] {
        owner.api.get(&path).await.expect(200);
        owner.api.delete(&path).await.expect(204);
    }
    owner.api.delete(&program).await.expect(204);
}

/// Uses everything once, as a client would.
async fn tour(server: &Server, api: &Api) {
    tour_of_credentials(server, api).await;
    tour_of_second_factors(api).await;
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
    let switched = json!({"organization_id": elsewhere["id"]});
    owner.api.post("/auth/switch-organization", switched).await.expect(200);

    let member = owner.invite("Mia Member", "member").await;
    let leaving = owner.invite("Lea Leaving", "member").await;
    owner.api.get("/members").await.expect(200);
    let path = format!("/members/{}", leaving.id);
    owner.api.get(&path).await;
    owner.api.patch(&path, json!({"role": "guest"})).await.expect(200);
    owner.api.delete(&path).await.expect(204);
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

async fn every_operation_wants_genuine_credentials(server: Server) {
    let (ids, owner) = Ids::found(&server).await;
    let claims = tokens::claims(owner.api.token());
    let (revoked, robot) = owner.token(&["tasks:read"]).await;
    owner.api.delete(format!("/users/me/tokens/{revoked}")).await.expect(204);
    let credentials = [
        (None, "auth.missing_token"),
        (Some(tokens::sign(&claims, "not the secret of this server, but long enough 0123")), "auth.invalid_token"),
        (Some(tokens::unsigned(&claims)), "auth.invalid_token"),
        (Some(tokens::sign(&tokens::expired(&claims), JWT_SECRET)), "auth.expired_token"),
        (Some(robot.token().to_owned()), "auth.invalid_token"),
    ];
    let open: BTreeSet<String> = [
        "POST /auth/register",
        "POST /auth/login",
        "POST /auth/mfa/verify",
        "POST /auth/refresh",
        "POST /auth/unlock",
        "POST /auth/verify-email",
        "POST /auth/verify-email/resend",
        "POST /auth/forgot-password",
        "POST /auth/reset-password",
        "POST /auth/confirm-email",
        "POST /invitations/accept",
        "GET /openapi.json",
    ]
    .map(str::to_owned)
    .into();
    for operation in operations(&server).await {
        assert_eq!(operation.secured, !open.contains(&operation.name()), "{}", operation.name());
        if !operation.secured {
            continue;
        }
        for (token, code) in &credentials {
            let api = token.as_ref().map_or_else(|| server.api(), |token| server.api().with_token(token));
            let refused = call(&api, &operation, &ids).await;
            assert_eq!(refused.problem(401, code)["status"], 401, "{}", operation.name());
            assert!(refused.header("www-authenticate").is_some(), "{}", operation.name());
        }
    }
}

async fn every_operation_that_changes_something_wants_the_csrf_token_of_a_cookie(server: Server) {
    let (ids, owner) = Ids::found(&server).await;
    let cookie = format!("__Host-tenon_access={}", owner.api.token());
    for operation in operations(&server).await.iter().filter(|it| it.secured) {
        let (path, body) = (operation.fill(&ids), body_of(operation, &ids));
        let answer = server.api().call(operation.method.clone(), &path, body).header("cookie", &cookie).await;
        if operation.method == Method::GET {
            assert!(!matches!(answer.status, 401 | 403), "{} answered {}", operation.name(), answer.text);
        } else {
            answer.problem(403, "auth.csrf_missing");
        }
    }
    owner.api.get("/users/me").await.expect(200);
}

async fn no_operation_reaches_into_another_organization(server: Server) {
    let (mut ids, theirs) = Ids::found(&server).await;
    let owner = Person::found(&server).await;
    // Whose role in a project is asked for does not matter when the project is out of reach.
    ids.project_member = owner.id.clone();
    for operation in operations(&server).await.iter().filter(|it| it.has_parameters()) {
        let answer = call(&owner.api, operation, &ids).await;
        assert_eq!(answer.status, 404, "{} answered {}", operation.name(), answer.text);
        answer.any_problem(404);
    }
    // Ids in bodies and filters do not reach further.
    let switch = json!({"organization_id": theirs.organization_id});
    owner.api.post("/auth/switch-organization", switch).await.problem(404, "organization.not_found");
    let create = json!({"project_id": ids.project, "title": "Mine"});
    owner.api.post("/tasks", create).await.problem(404, "project.not_found");
    let project = owner.project("ENG").await;
    for (fields, code) in [
        (json!({"assignee_ids": [ids.member]}), "task.assignee_outside_project"),
        (json!({"parent_id": ids.task}), "task.parent_not_found"),
    ] {
        let mut body = json!({"project_id": project["id"], "title": "Mine"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        owner.api.post("/tasks", body).await.problem(422, code);
    }
    let add = format!("/projects/{}/members/{}", text(&project, "id"), ids.member);
    owner.api.put(add, json!({"role": "viewer"})).await.problem(422, "project.member_outside_organization");
    for list in [
        format!("/tasks?project_id={}", ids.project),
        format!("/tasks?assignee_id={}", ids.member),
        format!("/audit-logs?resource_id={}", ids.task),
    ] {
        assert_eq!(owner.all(&list).await, Vec::<Value>::new(), "{list}");
    }
    // All of it is still there, unchanged.
    assert_eq!(theirs.api.get(format!("/tasks/{}", ids.task)).await.expect(200)["version"], 1);
}

async fn no_operation_lets_a_guest_do_what_guests_may_not(server: Server) {
    let (ids, owner) = Ids::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    for operation in operations(&server).await {
        if !operation.secured || OPEN_TO_GUESTS.contains(&operation.name().as_str()) {
            continue;
        }
        let answer = call(&guest.api, &operation, &ids).await;
        assert!(matches!(answer.status, 403 | 404), "{} answered {} {}", operation.name(), answer.status, answer.text);
        answer.any_problem(answer.status);
    }
    for list in ["/projects", "/tasks"] {
        assert_eq!(guest.all(list).await, Vec::<Value>::new(), "{list}");
    }
}

async fn every_operation_takes_a_token_with_the_scope_it_documents_and_no_other(server: Server) {
    let (ids, owner) = Ids::found(&server).await;
    // Out of whose reach those ids are: what is let in finds nothing, and does no harm.
    let outsider = Person::found(&server).await;
    let operations: Vec<_> = operations(&server).await.into_iter().filter(|it| it.secured).collect();
    let scopes = owner.api.scopes().await;
    let all: Vec<_> = scopes.iter().map(String::as_str).collect();
    let mut tried = BTreeSet::new();
    for scope in &all {
        let including = scope.replace(":read", ":write");
        let others: Vec<_> = all.iter().copied().filter(|it| it != scope && *it != including).collect();
        let ((_, without), (_, with)) = (owner.token(&others).await, outsider.token(&[*scope]).await);
        for operation in operations.iter().filter(|it| it.scope.as_deref() == Some(*scope)) {
            let refused = call(&without, operation, &ids).await;
            refused.problem(403, "auth.insufficient_scope");
            let challenge = refused.header("www-authenticate").unwrap();
            assert!(challenge.ends_with(&format!("scope=\"{scope}\"")), "{}: {challenge}", operation.name());
            let taken = call(&with, operation, &ids).await;
            assert!(!matches!(taken.status, 401 | 403), "{} answered {}", operation.name(), taken.text);
            tried.insert(operation.name());
        }
    }
    let (_, good_for_everything) = owner.token(&all).await;
    let rest: Vec<_> = operations.iter().filter(|it| !tried.contains(&it.name())).collect();
    let names: BTreeSet<_> = rest.iter().map(|it| it.name()).collect();
    let listed: BTreeSet<_> = FOR_PEOPLE_ONLY.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(names, listed);
    for operation in rest {
        call(&good_for_everything, operation, &ids).await.problem(403, "auth.session_required");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_the_committed_one() {
    let server = Server::shared(Deployment::Embedded).await;
    let served = server.api().get("/openapi.json").await.expect(200);
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(committed).unwrap()).unwrap();
    // Where it is served from may differ; what it says may not.
    let without_servers = |document: &Value| {
        let mut document = document.clone();
        document.as_object_mut().unwrap().remove("servers");
        document
    };
    assert_eq!(without_servers(&served), without_servers(&committed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_document_is_readable_without_internet_access() {
    let server = Server::shared(Deployment::Embedded).await;
    let docs = server.api().get("//docs/").await;
    assert_eq!(docs.status, 200, "{}", docs.text);
    assert!(docs.header("content-type").unwrap().starts_with("text/html"));
    for elsewhere in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!docs.text.contains(elsewhere), "{elsewhere} in {}", docs.text);
    }
}
