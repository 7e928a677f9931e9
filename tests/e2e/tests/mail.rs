//! Mail as it leaves: files when embedded. The adapters for SMTP and SES have contract tests of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::json;
use tenon_e2e_tests::{PASSWORD, Person, Server, eventually, on_deployment, on_every_deployment, text, unique_email};

on_every_deployment!(an_invitation_is_mailed_with_its_link, assignees_get_mail, nobody_gets_mail_twice);
on_deployment!(mysql_redis, MysqlRedis, assignees_get_mail);

async fn an_invitation_is_mailed_with_its_link(server: Server) {
    let owner = Person::found(&server).await;
    let email = unique_email("Nina New");
    let invitation = owner.api.post("/invitations", json!({"email": email, "role": "member"})).await.expect(201);
    let mail = eventually("the invitation's mail", || async { server.mails_to(&email).pop() }).await;
    let token = text(&invitation, "token");
    assert!(mail.contains(&token), "no token in {mail}");
    assert!(mail.contains("text/plain") && mail.contains("text/html"), "{mail}");
    assert!(mail.contains("Analytical Engines"), "{mail}");
    // The mailed token is the very one: whoever has the mail can accept.
    let acceptance = json!({"token": token, "display_name": "Nina New", "password": PASSWORD});
    let accepted = server.api().post("/invitations/accept", acceptance).await;
    assert!(matches!(accepted.status, 200 | 201), "{}", accepted.text);
}

async fn assignees_get_mail(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    owner.task_with(&project, "Fix the <door> & more", json!({"assignee_ids": [member.id]})).await;
    let mail = eventually("the assignment's mail", || async {
        server.mails_to(&member.email).into_iter().find(|mail| mail.contains("assigned you"))
    })
    .await;
    assert!(!mail.contains("<door>") || mail.contains("&lt;door&gt;"), "HTML must be escaped: {mail}");
}

async fn nobody_gets_mail_twice(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    for n in 0..5 {
        owner.task_with(&project, &format!("Task {n}"), json!({"assignee_ids": [member.id]})).await;
    }
    let assigned = || {
        let mails = server.mails_to(&member.email);
        mails.into_iter().filter(|mail| mail.contains("assigned you")).count()
    };
    eventually("five mails", || async { (assigned() >= 5).then_some(()) }).await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(assigned(), 5);
}
