//! `/notifications`: what an event tells whom, and when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment, text};

on_every_deployment!(
    assignees_are_told_and_actors_are_not,
    changes_of_a_task_reach_the_people_concerned,
    members_are_told_of_projects_and_roles,
    notifications_are_read,
    notifications_belong_to_their_user,
    who_lost_access_hears_nothing_more,
);
on_deployment!(mysql_redis, MysqlRedis, changes_of_a_task_reach_the_people_concerned, notifications_are_read);

/// The notifications of somebody, oldest first, once there are as many.
async fn inbox(person: &Person, count: usize) -> Vec<Value> {
    let what = format!("{count} notifications of {}", person.name);
    eventually(&what, || async {
        let mut found = person.all("/notifications").await;
        found.reverse();
        assert!(found.len() <= count, "more than {count}: {found:?}");
        (found.len() == count).then_some(found)
    })
    .await
}

fn kinds(notifications: &[Value]) -> Vec<&str> {
    notifications.iter().map(|it| it["type"].as_str().or(it["kind"].as_str()).expect("a kind")).collect()
}

async fn assignees_are_told_and_actors_are_not(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    owner.task_with(&project, "Yours", json!({"assignee_ids": [member.id, owner.id]})).await;
    let told = inbox(&member, 1).await;
    assert_eq!(kinds(&told), ["task.assigned"]);
    assert_eq!(told[0]["title"], "Ada Owner assigned you ENG-1 Yours");
    assert_eq!(told[0]["read_at"], Value::Null);
    // The owner hears only that somebody joined, not of what they did themselves.
    assert_eq!(kinds(&inbox(&owner, 1).await), ["organization.member_joined"]);
}

async fn changes_of_a_task_reach_the_people_concerned(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let task = owner.task(&project, "Ours").await;
    let path = format!("/tasks/{}", text(&task, "id"));
    // One after the other, each seen before the next: workers run side by side, so order is not promised.
    owner.api.patch(&path, json!({"assignee_ids": [member.id]})).await.expect(200);
    inbox(&member, 1).await;
    owner.api.post(format!("{path}/transition"), json!({"status": "in_progress"})).await.expect(200);
    inbox(&member, 2).await;
    owner.api.post(format!("{path}/transition"), json!({"status": "done"})).await.expect(200);
    inbox(&member, 3).await;
    owner.api.patch(&path, json!({"assignee_ids": []})).await.expect(200);
    let told = inbox(&member, 4).await;
    assert_eq!(kinds(&told), ["task.assigned", "task.status_changed", "task.completed", "task.unassigned"]);
    // The reporter hears of what others do.
    member.api.post(format!("{path}/transition"), json!({"status": "todo"})).await.expect(200);
    let reporter = inbox(&owner, 2).await;
    assert_eq!(kinds(&reporter), ["organization.member_joined", "task.status_changed"]);
}

async fn members_are_told_of_projects_and_roles(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let role = format!("/projects/{}/members/{}", text(&project, "id"), member.id);
    owner.api.put(&role, json!({"role": "viewer"})).await.expect(200);
    inbox(&member, 1).await;
    owner.api.delete(&role).await.expect(204);
    inbox(&member, 2).await;
    owner.api.patch(format!("/members/{}", member.id), json!({"role": "admin"})).await.expect(200);
    let told = inbox(&member, 3).await;
    assert_eq!(kinds(&told), ["project.member_added", "project.member_removed", "organization.member_role_changed"]);
}

async fn notifications_are_read(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    for n in 0..3 {
        owner.task_with(&project, &format!("Task {n}"), json!({"assignee_ids": [member.id]})).await;
    }
    let told = inbox(&member, 3).await;
    let count = || async { member.api.get("/notifications/unread-count").await.expect(200)["count"].clone() };
    assert_eq!(count().await, 3);
    let first = text(&told[0], "id");
    let read = member.api.post(format!("/notifications/{first}/read"), None).await;
    assert!(matches!(read.status, 200 | 204), "{}", read.text);
    assert_eq!(count().await, 2);
    assert_eq!(array(&member.api.get("/notifications?unread=true").await.expect(200)).len(), 2);
    let seen = array(&member.api.get("/notifications?unread=false").await.expect(200));
    assert_eq!(seen.len(), 1);
    assert!(seen[0]["read_at"].is_string());
    let all = member.api.post("/notifications/read-all", None).await;
    assert!(matches!(all.status, 200 | 204), "{}", all.text);
    assert_eq!(count().await, 0);
}

async fn notifications_belong_to_their_user(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    owner.task_with(&project, "Yours", json!({"assignee_ids": [member.id]})).await;
    let told = inbox(&member, 1).await;
    let path = format!("/notifications/{}/read", text(&told[0], "id"));
    owner.api.post(path, None).await.problem(404, "notification.not_found");
    assert_eq!(member.api.get("/notifications/unread-count").await.expect(200)["count"], 1);
}

async fn who_lost_access_hears_nothing_more(server: Server) {
    let owner = Person::found(&server).await;
    let (mia, max) = (owner.invite("Mia Member", "member").await, owner.invite("Max Member", "member").await);
    let stays = owner.invite("Stan Stays", "member").await;
    let secret = owner.project_with("SEC", json!({"visibility": "private"})).await;
    let open = owner.project("ENG").await;
    let member = |who: &Person| format!("/projects/{}/members/{}", text(&secret, "id"), who.id);
    for who in [&mia, &stays] {
        owner.api.put(member(who), json!({"role": "contributor"})).await.expect(200);
    }
    // Both report a task, which is assigned to somebody who stays.
    let assigned = || json!({"assignee_ids": [stays.id]});
    let of_mia = mia.task_with(&secret, "Reported by Mia", assigned()).await;
    let of_max = max.task_with(&open, "Reported by Max", assigned()).await;
    inbox(&stays, 3).await;
    owner.api.delete(member(&mia)).await.expect(204);
    owner.api.delete(format!("/members/{}", max.id)).await.expect(204);
    for task in [&of_mia, &of_max] {
        let path = format!("/tasks/{}/transition", text(task, "id"));
        owner.api.post(path, json!({"status": "done"})).await.expect(200);
    }
    // Whoever is told of one event is told at once: when the one who stays has heard, nobody else will.
    inbox(&stays, 5).await;
    let completed = |who: &Person| {
        let mails = server.mails_to(&who.email);
        mails.iter().filter(|mail| mail.contains("completed")).count()
    };
    eventually("two mails", || async { (completed(&stays) == 2).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!((completed(&mia), completed(&max)), (0, 0));
    assert_eq!(kinds(&inbox(&mia, 2).await), ["project.member_added", "project.member_removed"]);
    // Had Max been told, he would find it on his return.
    let back = owner.api.post("/invitations", json!({"email": max.email, "role": "member"})).await.expect(201);
    let body = json!({"token": text(&back, "token"), "password": PASSWORD});
    let granted = server.api().post("/invitations/accept", body).await;
    assert!(matches!(granted.status, 200 | 201), "{} {}", granted.status, granted.text);
    assert!(inbox(&Person::signed_in(&server.api(), &granted.json()), 0).await.is_empty());
}
