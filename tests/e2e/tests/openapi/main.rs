//! The OpenAPI document as a ratchet: every operation in it must be tried for success, without credentials, with forged
//! ones, with another organization's ids, without permission and with tokens that have its scope or lack it. What is not
//! tried is listed in `lists.rs`, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bodies;
mod lists;
mod tour;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Ids, Operation, operations};
use tenon_e2e_tests::{Answer, Api, Deployment, JWT_SECRET, Person, Server, on_every_deployment, text, tokens};

use self::bodies::body_of;
use self::lists::{FOR_EVERYBODY, FOR_PEOPLE_ONLY, OPEN_TO_GUESTS, OPEN_TO_VIEWERS};
use self::tour::tour;

on_every_deployment!(
    every_operation_succeeds_as_documented,
    every_operation_wants_genuine_credentials,
    every_operation_that_changes_something_wants_the_csrf_token_of_a_cookie,
    no_operation_reaches_into_another_organization,
    no_operation_lets_a_guest_do_what_guests_may_not,
    who_sees_a_project_is_told_which_permission_is_missing,
    every_operation_takes_a_token_with_the_scope_it_documents_and_no_other,
);

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
            // What browsers are sent through succeeds by sending them on.
            succeeded |= exchange.status < 300 || exchange.status == 302;
        }
        // The document itself is fetched by every test here.
        if !succeeded && !operation.path.ends_with("/openapi.json") {
            missing.push(operation.name());
        }
    }
    assert!(missing.is_empty(), "the tour leaves out {missing:?}");
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
    for operation in operations(&server).await {
        assert_eq!(operation.secured, !FOR_EVERYBODY.contains(&operation.name().as_str()), "{}", operation.name());
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
    // Whoever comes back from a provider that there is not is sent on, as anybody is: it is for browsers.
    let is_for_browsers = |it: &Operation| it.name() == "GET /auth/oidc/{provider}/callback";
    for operation in operations(&server).await.iter().filter(|it| it.has_parameters() && !is_for_browsers(it)) {
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

/// Who is in the project, and may only look: nothing is hidden from them that would be 404 for others.
async fn who_sees_a_project_is_told_which_permission_is_missing(server: Server) {
    let (ids, owner) = Ids::found(&server).await;
    let viewer = owner.invite("Vera Viewer", "guest").await;
    let place = format!("/projects/{}/members/{}", ids.project, viewer.id);
    owner.api.put(place, json!({"role": "viewer"})).await.expect(200);
    let mut others = BTreeSet::new();
    for operation in operations(&server).await {
        if !operation.secured || OPEN_TO_GUESTS.contains(&operation.name().as_str()) {
            continue;
        }
        let answer = call(&viewer.api, &operation, &ids).await;
        match answer.status {
            403 => drop(answer.any_problem(403)),
            status => drop(others.insert(format!("{} {status}", operation.name()))),
        }
    }
    assert_eq!(others, OPEN_TO_VIEWERS.iter().map(|it| (*it).to_owned()).collect());
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
