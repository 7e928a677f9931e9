//! `/members`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{Person, Server, array, on_every_deployment};

on_every_deployment!(
    members_are_listed,
    a_member_is_read,
    roles_are_changed_and_take_effect_at_once,
    the_last_owner_stays,
    only_owners_make_owners,
    removed_members_are_out_at_once,
    everybody_may_leave,
);

async fn members_are_listed(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let page = member.api.get("/members?include=total").await.expect(200);
    assert_eq!(page["total"], 3);
    let listed = array(&page);
    let role_of = |id: &str| listed.iter().find(|it| it["user_id"] == id).map(|it| it["role"].clone());
    assert_eq!(role_of(&owner.id), Some(json!("owner")));
    assert_eq!(role_of(&member.id), Some(json!("member")));
    assert_eq!(role_of(&guest.id), Some(json!("guest")));
    let guests = array(&member.api.get("/members?role=guest").await.expect(200));
    assert_eq!(guests.len(), 1);
    guest.api.get("/members").await.problem(403, "permission.denied");
    let program = json!({"name": "Importer", "role": "member"});
    let program = owner.api.post("/service-accounts", program).await.expect(201);
    let programs = array(&member.api.get("/members?kind=service").await.expect(200));
    assert_eq!(programs.len(), 1);
    assert_eq!((&programs[0]["user_id"], &programs[0]["kind"]), (&program["id"], &json!("service")));
    let people = array(&member.api.get("/members?kind=person").await.expect(200));
    assert!(people.len() == 3 && people.iter().all(|it| it["kind"] == "person"), "{people:?}");
    member.api.get("/members?kind=robot").await.problem(400, "query.invalid");
}

async fn a_member_is_read(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let path = format!("/members/{}", member.id);
    let found = guest.api.get(&path).await;
    found.problem(403, "permission.denied");
    let found = member.api.get(&path).await;
    let listed = owner.all("/members").await.into_iter().find(|it| it["user_id"] == member.id.as_str());
    assert_eq!(Some(found.expect(200)), listed);
    let unchanged = || owner.api.get(&path).header("if-none-match", found.etag());
    unchanged().await.expect(304);
    // Her name is not the membership's, and shows all the same.
    member.api.patch("/users/me", json!({"display_name": "Mia Renamed"})).await.expect(200);
    let renamed = unchanged().await;
    assert_eq!(renamed.expect(200)["display_name"], "Mia Renamed");
    // The version is the same, so what was seen of the membership is good enough for changing it.
    owner.api.patch(&path, json!({"role": "guest"})).header("if-match", found.etag()).await.expect(200);
    unchanged().await.expect(200);
    let stranger = Person::found(&server).await;
    stranger.api.get(&path).await.problem(404, "member.not_found");
    owner.api.get("/members/nobody").await.problem(404, "member.not_found");
}

async fn roles_are_changed_and_take_effect_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    member.api.get("/invitations").await.problem(403, "permission.denied");
    let path = format!("/members/{}", member.id);
    let changed = owner.api.patch(&path, json!({"role": "admin"})).await;
    assert_eq!(changed.expect(200)["role"], "admin");
    // With the token she has, which still says member.
    member.api.get("/invitations").await.expect(200);
    let stale = owner.api.patch(&path, json!({"role": "guest"})).header("if-match", "\"999\"").await;
    stale.problem(412, "version.stale");
    owner.api.patch(&path, json!({"role": "guest"})).header("if-match", changed.etag()).await.expect(200);
    member.api.get("/members").await.problem(403, "permission.denied");
    // `null` says the same as nothing.
    let both = json!({"role": "member", "custom_role_id": null});
    assert_eq!(owner.api.patch(&path, both).await.expect(200)["role"], "member");
    owner.api.patch(&path, json!({"custom_role_id": null})).await.problem(422, "role.missing");
    let both = json!({"role": "member", "custom_role_id": member.id});
    owner.api.patch(&path, both).await.problem(422, "role.ambiguous");
}

async fn the_last_owner_stays(server: Server) {
    let owner = Person::found(&server).await;
    let path = format!("/members/{}", owner.id);
    owner.api.patch(&path, json!({"role": "member"})).await.problem(409, "organization.last_owner");
    owner.api.delete(&path).await.problem(409, "organization.last_owner");
    let second = owner.invite("Olga Owner", "owner").await;
    owner.api.patch(&path, json!({"role": "member"})).await.expect(200);
    second.api.delete(format!("/members/{}", second.id)).await.problem(409, "organization.last_owner");
}

async fn only_owners_make_owners(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let itself = format!("/members/{}", admin.id);
    admin.api.patch(&itself, json!({"role": "owner"})).await.problem(403, "permission.denied");
    admin.api.delete(format!("/members/{}", owner.id)).await.problem(403, "permission.denied");
    let invitation = json!({"email": "owner@example.com", "role": "owner"});
    admin.api.post("/invitations", invitation).await.problem(403, "permission.denied");
}

async fn removed_members_are_out_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let assigned = json!({"assignee_ids": [member.id]});
    let task = owner.task_with(&project, "Hers", assigned).await;
    let path = format!("/members/{}", member.id);
    assert_eq!(owner.api.delete(&path).await.expect(204), Value::Null);
    member.api.get("/users/me").await.problem(401, "auth.ended_session");
    owner.api.delete(&path).await.problem(404, "member.not_found");
    let task = owner.api.get(format!("/tasks/{}", task["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(task["assignee_ids"], json!([]));
}

async fn everybody_may_leave(server: Server) {
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    guest.api.delete(format!("/members/{}", guest.id)).await.expect(204);
    assert_eq!(array(&owner.api.get("/members").await.expect(200)).len(), 1);
}
