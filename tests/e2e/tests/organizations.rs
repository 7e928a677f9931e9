//! `/organizations`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::{Person, Server, array, on_every_deployment};

on_every_deployment!(
    the_current_organization_is_read_and_renamed,
    organizations_are_founded_and_listed,
    only_owners_and_admins_rename,
    a_new_role_shows_at_once,
);

async fn the_current_organization_is_read_and_renamed(server: Server) {
    let owner = Person::found(&server).await;
    let current = owner.api.get("/organizations/current").await;
    let before = current.expect(200);
    assert_eq!(before["name"], "Analytical Engines");
    assert_eq!(before["role"], "owner");
    let rename = owner.api.patch("/organizations/current", json!({"name": "Difference Engines"}));
    let renamed = rename.header("if-match", current.etag()).await.expect(200);
    assert_eq!(renamed["name"], "Difference Engines");
    let late = owner.api.patch("/organizations/current", json!({"name": "Late"})).header("if-match", current.etag());
    late.await.problem(412, "version.stale");
    let empty = owner.api.patch("/organizations/current", json!({"name": "   "})).await;
    empty.problem(422, "organization.name_length");
}

async fn organizations_are_founded_and_listed(server: Server) {
    let owner = Person::found(&server).await;
    let founded = owner.api.post("/organizations", json!({"name": "Second"})).await;
    let second = founded.expect(201);
    let location = founded.header("location").and_then(|path| path.strip_prefix("/api/v1")).unwrap();
    let there = owner.api.get(location).await;
    assert_eq!((there.expect(200), there.etag()), (second.clone(), founded.etag()));
    owner.api.get(location).header("if-none-match", there.etag()).await.expect(304);
    Person::found(&server).await.api.get(location).await.problem(404, "organization.not_found");
    assert_ne!(owner.api.get("/organizations/current").await.expect(200)["id"], second["id"]);
    assert_eq!(second["role"], "owner");
    let listed = array(&owner.api.get("/organizations?include=total").await.expect(200));
    let mut names: Vec<_> = listed.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["Analytical Engines", "Second"]);
    // Somebody else's are not among them.
    assert_eq!(array(&Person::found(&server).await.api.get("/organizations").await.expect(200)).len(), 1);
}

async fn only_owners_and_admins_rename(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let refused = member.api.patch("/organizations/current", json!({"name": "Mine"})).await;
    refused.problem(403, "permission.denied");
    let admin = owner.invite("Alan Admin", "admin").await;
    admin.api.patch("/organizations/current", json!({"name": "Ours"})).await.expect(200);
}

async fn a_new_role_shows_at_once(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let found = admin.api.get("/organizations/current").await;
    let unless = |tag: String| admin.api.get("/organizations/current").header("if-none-match", tag);
    unless(found.etag()).await.expect(304);
    let membership = format!("/members/{}", admin.id);
    owner.api.patch(&membership, json!({"role": "member"})).await.expect(200);
    assert_eq!(unless(found.etag()).await.expect(200)["role"], "member");
    let role = owner.role("Editor", "member", &["organization.edit"]).await;
    owner.api.patch(&membership, json!({"custom_role_id": role["id"]})).await.expect(200);
    let custom = unless(found.etag()).await;
    assert_eq!(custom.expect(200)["custom_role"]["name"], "Editor");
    let path = format!("/roles/{}", role["id"].as_str().unwrap());
    owner.api.patch(&path, json!({"name": "Publisher"})).await.expect(200);
    assert_eq!(unless(custom.etag()).await.expect(200)["custom_role"]["name"], "Publisher");
    // All these tags are of the same version of the organization.
    for tag in [found.etag(), custom.etag()] {
        let rename = admin.api.patch("/organizations/current", json!({"name": "Analytical Engines"}));
        rename.header("if-match", tag).await.expect(200);
    }
}
