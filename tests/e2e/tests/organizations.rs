//! `/organizations`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::{Person, Server, array, on_every_deployment};

on_every_deployment!(
    the_current_organization_is_read_and_renamed,
    organizations_are_founded_and_listed,
    only_owners_and_admins_rename,
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
    assert!(founded.header("location").is_some());
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
