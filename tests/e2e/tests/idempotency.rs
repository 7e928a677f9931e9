//! `Idempotency-Key`: what was sent before is answered again, and happens once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use futures::future::join_all;
use serde_json::{Value, json};
use tenon_e2e_tests::{Api, Person, Server, array, on_deployment, on_every_deployment, text, unique_email};

on_every_deployment!(
    idempotent_requests_are_replayed,
    concurrent_idempotent_requests_happen_once,
    idempotency_keys_belong_to_their_user,
    outcomes_are_told_again_only_to_who_could_get_them_now,
    what_never_started_is_not_kept,
);
on_deployment!(mysql_redis, MysqlRedis, idempotent_requests_are_replayed, concurrent_idempotent_requests_happen_once,);

async fn idempotent_requests_are_replayed(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let body = json!({"project_id": project["id"], "title": "Once"});
    let send = |body: &Value| owner.api.post("/tasks", body.clone()).header("idempotency-key", "key-1");
    let first = send(&body).await;
    assert_eq!(first.header("idempotent-replayed"), None);
    let task = first.expect(201);
    let second = send(&body).await;
    assert_eq!(second.expect(201), task);
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(second.header("etag"), first.header("etag"));
    let other = send(&json!({"project_id": project["id"], "title": "Other"})).await;
    other.any_problem(422);
    assert_eq!(array(&owner.api.get("/tasks").await.expect(200)).len(), 1);
    // Refusals by a rule are outcomes, too.
    let archive = || owner.api.post("/projects/ENG/unarchive", None).header("idempotency-key", "key-2");
    archive().await.problem(409, "project.not_archived");
    owner.api.post("/projects/ENG/archive", None).await.expect(200);
    let replayed = archive().await;
    replayed.expect(409);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    let long = owner.api.post("/projects/ENG/unarchive", None).header("idempotency-key", "x".repeat(256)).await;
    long.any_problem(400);
}

async fn concurrent_idempotent_requests_happen_once(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let body = json!({"project_id": project["id"], "title": "Once"});
    let calls = (0..8).map(|_| {
        let call = owner.api.post("/tasks", body.clone()).header("idempotency-key", "concurrent");
        async move { call.await }
    });
    let answers = join_all(calls).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    assert!(answers.iter().any(|answer| answer.status == 201), "{answers:?}");
    assert_eq!(array(&owner.api.get("/tasks").await.expect(200)).len(), 1);
}

async fn idempotency_keys_belong_to_their_user(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    for person in [&owner, &member] {
        let body = json!({"project_id": project["id"], "title": "Each their own"});
        person.api.post("/tasks", body).header("idempotency-key", "shared").await.expect(201);
    }
    assert_eq!(array(&owner.api.get("/tasks").await.expect(200)).len(), 2);
}

async fn outcomes_are_told_again_only_to_who_could_get_them_now(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let (_, reader) = admin.token(&["profile:read"]).await;
    let body = json!({"email": unique_email("Nina"), "role": "guest"});
    let invite = |api: &Api| api.post("/invitations", body.clone()).header("idempotency-key", "invite");
    let changed = "idempotency.caller_changed";
    let first = invite(&admin.api).await.expect(201);
    // Not to another credential of the same person, whatever it is good for.
    let (_, writer) = admin.token(&["members:write"]).await;
    for other in [&reader, &writer] {
        let refused = invite(other).await;
        refused.problem(409, changed);
        assert!(!refused.text.contains(&text(&first, "token")) && refused.header("idempotent-replayed").is_none());
    }
    // But to the same session, when its token is another one.
    let refresh = json!({"refresh_token": admin.refresh_token});
    let refreshed = Person::signed_in(&server.api(), &server.api().post("/auth/refresh", refresh).await.expect(200));
    let again = invite(&refreshed.api).await;
    assert_eq!(again.expect(201), first);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    // Not to who may do less by now.
    let membership = format!("/members/{}", admin.id);
    owner.api.patch(&membership, json!({"role": "guest"})).await.expect(200);
    invite(&refreshed.api).await.problem(409, changed);
    owner.api.patch(&membership, json!({"role": "admin"})).await.expect(200);
    invite(&refreshed.api).await.expect(201);
    // Nor to who lacks the second factor that is required meanwhile.
    owner.enroll().await;
    owner.api.patch("/organizations/current", json!({"require_mfa": true})).await.expect(200);
    invite(&refreshed.api).await.problem(409, changed);
    assert_eq!(owner.all("/invitations").await.len(), 2, "one for the admin, and one for all those requests");

    // Nor to who sees the project no more.
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project_with("ENG", json!({"visibility": "private"})).await;
    let role = format!("/projects/{}/members/{}", text(&project, "id"), member.id);
    owner.api.put(&role, json!({"role": "contributor"})).await.expect(200);
    let body = json!({"project_id": project["id"], "title": "Once"});
    let create = || member.api.post("/tasks", body.clone()).header("idempotency-key", "create");
    let task = create().await.expect(201);
    assert_eq!(create().await.expect(201), task);
    owner.api.delete(&role).await.expect(204);
    create().await.problem(409, changed);
    owner.api.put(&role, json!({"role": "viewer"})).await.expect(200);
    assert_eq!(create().await.expect(201), task);
    assert_eq!(owner.all("/tasks").await.len(), 1);
}

async fn what_never_started_is_not_kept(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let send = |body: Value| owner.api.post("/tasks", body).header("idempotency-key", "retry");
    send(json!({"project_id": project["id"]})).await.any_problem(400);
    send(json!({"project_id": project["id"], "title": "Now it is right"})).await.expect(201);
}
