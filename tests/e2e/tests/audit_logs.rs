//! `/audit-logs`: every change leaves exactly one entry.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{Person, Server, array, eventually, on_deployment, on_every_deployment, text};

on_every_deployment!(
    changes_leave_entries,
    entries_are_filtered,
    denied_permissions_leave_entries,
    only_owners_and_admins_read_the_trail,
    entries_stay_in_their_organization,
);
on_deployment!(mysql_redis, MysqlRedis, changes_leave_entries, entries_are_filtered);

/// The entries that a filter finds, once there are as many.
async fn entries(person: &Person, filter: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} entries of {filter}"), || async {
        let found = person.all(&format!("/audit-logs?{filter}")).await;
        assert!(found.len() <= count, "more than {count}: {found:?}");
        (found.len() == count).then_some(found)
    })
    .await
}

async fn changes_leave_entries(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let create = owner.api.post("/tasks", json!({"project_id": project["id"], "title": "Before"}));
    let create = create.header("x-request-id", "my-request-1").header("user-agent", "e2e/1.0").await;
    let task = create.expect(201);
    let path = format!("/tasks/{}", text(&task, "id"));
    owner.api.patch(&path, json!({"title": "After", "estimate": 5})).await.expect(200);
    let found = entries(&owner, &format!("resource_type=task&resource_id={}", text(&task, "id")), 2).await;
    let (updated, created) = (&found[0], &found[1]);
    assert_eq!(created["action"], "task.created");
    assert_eq!(created["actor"], json!({"type": "user", "id": owner.id, "name": "Ada Owner", "token_id": null}));
    assert_eq!(created["resource"], json!({"type": "task", "id": task["id"], "name": "ENG-1 Before"}));
    assert_eq!(created["request_id"], "my-request-1");
    assert_eq!(created["user_agent"], "e2e/1.0");
    assert!(created["ip"].is_string() && created["occurred_at"].is_string());
    assert_eq!(updated["action"], "task.updated");
    let changes =
        json!([{"field": "title", "from": "Before", "to": "After"}, {"field": "estimate", "from": null, "to": 5}]);
    assert_eq!(updated["changes"], changes);
}

async fn entries_are_filtered(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    owner.task(&project, "One").await;
    member.task(&project, "Two").await;
    entries(&owner, "action=task.created", 2).await;
    let hers = entries(&owner, &format!("action=task.created&actor_id={}", member.id), 1).await;
    assert_eq!(hers[0]["resource"]["name"], "ENG-2 Two");
    entries(&owner, "action=task.created&action=project.created", 3).await;
    entries(&owner, "resource_type=project", 1).await;
    entries(&owner, "action=task.created&from=2100-01-01T00:00:00Z", 0).await;
    entries(&owner, "action=task.created&to=2100-01-01T00:00:00Z", 2).await;
    let page = owner.api.get("/audit-logs?action=task.created&limit=1").await.expect(200);
    assert_eq!(array(&page).len(), 1);
    assert!(page["next_cursor"].is_string());
}

async fn denied_permissions_leave_entries(server: Server) {
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    guest.api.get("/members").await.problem(403, "permission.denied");
    let found = entries(&owner, "action=permission.denied", 1).await;
    assert_eq!(found[0]["actor"]["id"], guest.id.as_str());
}

async fn only_owners_and_admins_read_the_trail(server: Server) {
    let owner = Person::found(&server).await;
    for (role, status) in [("admin", 200), ("member", 403), ("guest", 403)] {
        let person = owner.invite("Somebody", role).await;
        person.api.get("/audit-logs").await.expect(status);
    }
}

async fn entries_stay_in_their_organization(server: Server) {
    let (one, other) = (Person::found(&server).await, Person::found(&server).await);
    let project = one.project("ENG").await;
    entries(&one, &format!("resource_id={}", text(&project, "id")), 1).await;
    entries(&other, &format!("resource_id={}", text(&project, "id")), 0).await;
}
