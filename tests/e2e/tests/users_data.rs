//! `/users/me/export`, and deleting `/users/me`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{Answer, PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment, text};

on_every_deployment!(
    an_export_holds_what_is_stored_about_its_user,
    a_deleted_account_is_gone_and_its_work_stays,
    the_only_owner_of_an_organization_stays,
    deleting_takes_the_password_and_a_code,
);
on_deployment!(mysql_redis, MysqlRedis, a_deleted_account_is_gone_and_its_work_stays);

async fn delete(person: &Person, body: Value) -> Answer {
    person.api.call(Method::DELETE, "/users/me", Some(body)).await
}

async fn login(server: &Server, email: &str) -> Answer {
    server.api().post("/auth/login", json!({"email": email, "password": PASSWORD})).await
}

async fn an_export_holds_what_is_stored_about_its_user(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let assigned = owner.task_with(&project, "Hers", json!({"assignee_ids": [member.id]})).await;
    let reported = member.task(&project, "Her idea").await;
    let (token, robot) = member.token(&["profile:read"]).await;
    eventually("a notification", || async { member.all("/notifications").await.pop() }).await;
    let elsewhere = member.api.post("/organizations", json!({"name": "Elsewhere"})).await.expect(201);

    let export = member.api.get("/users/me/export").await.expect(200);
    assert_eq!(export["profile"]["email"], json!(member.email));
    assert_eq!(export["second_factors"]["totp"]["enabled"], false);
    assert_eq!((&export["passkeys"], &export["identities"]), (&json!([]), &json!([])));
    assert_eq!((export["sessions"].as_array().unwrap().len(), &export["truncated"]), (1, &json!(false)));
    let organizations = export["organizations"].as_array().unwrap();
    let find = |id: &str| organizations.iter().find(|it| it["organization"]["id"] == id).unwrap();
    let (here, there) = (find(&member.organization_id), find(&text(&elsewhere, "id")));
    assert_eq!((&here["organization"]["role"], &there["organization"]["role"]), (&json!("member"), &json!("owner")));
    assert_eq!((&here["tokens"][0]["id"], here["tokens"].as_array().unwrap().len()), (&json!(token), 1));
    assert_eq!(here["reported_tasks"][0]["id"], reported["id"]);
    assert_eq!(here["assigned_tasks"][0]["id"], assigned["id"]);
    assert_eq!(here["notifications"][0]["type"], "task.assigned");
    assert_eq!((&here["truncated"], &here["withheld"]), (&json!(false), &json!(false)));
    assert_eq!(there["reported_tasks"], json!([]));
    let whole = export.to_string();
    assert!(!whole.contains(robot.token()) && !whole.contains(&member.refresh_token));
    robot.get("/users/me/export").await.problem(403, "auth.session_required");
}

async fn a_deleted_account_is_gone_and_its_work_stays(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let task = member.task_with(&project, "Hers", json!({"assignee_ids": [member.id, owner.id]})).await;
    let (_, robot) = member.token(&["tasks:read"]).await;
    delete(&member, json!({"password": PASSWORD})).await.expect(204);

    member.api.get("/users/me").await.problem(401, "auth.ended_session");
    robot.get("/tasks").await.problem(401, "auth.invalid_token");
    let refresh = json!({"refresh_token": member.refresh_token});
    server.api().post("/auth/refresh", refresh).await.problem(401, "auth.invalid_refresh_token");
    login(&server, &member.email).await.problem(401, "auth.invalid_credentials");
    assert_eq!(array(&owner.api.get("/members").await.expect(200)).len(), 1);
    let task = owner.api.get(format!("/tasks/{}", text(&task, "id"))).await.expect(200);
    assert_eq!((&task["reporter_id"], &task["assignee_ids"]), (&json!(member.id), &json!([owner.id])));
    let told = || async { owner.all("/audit-logs?action=user.deleted").await.pop() };
    let entry = eventually("an entry on the audit trail", told).await;
    assert_eq!(entry["resource"]["name"], "Deleted user");

    // The address is nobody's again.
    let body = json!({
        "email": member.email, "password": PASSWORD, "display_name": "Mia Member", "organization_name": "Her own",
    });
    let again = server.api().post("/auth/register", body).await.expect(201);
    assert_ne!(again["user"]["id"], json!(member.id));
}

async fn the_only_owner_of_an_organization_stays(server: Server) {
    let owner = Person::found(&server).await;
    let body = json!({"password": PASSWORD});
    let problem = delete(&owner, body.clone()).await.problem(409, "identity.last_owner");
    assert!(text(&problem, "detail").contains("Analytical Engines"), "{problem}");
    owner.api.get("/users/me").await.expect(200);
    let second = owner.invite("Olga Owner", "owner").await;
    delete(&owner, body).await.expect(204);
    assert_eq!(array(&second.api.get("/members").await.expect(200)).len(), 1);
}

async fn deleting_takes_the_password_and_a_code(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let wrong = delete(&member, json!({"password": "not the password"})).await;
    assert_eq!(wrong.faults(422), [("/password".to_owned(), "identity.wrong_password".to_owned())]);
    let (_, codes) = member.enroll().await;
    delete(&member, json!({"password": PASSWORD})).await.problem(422, "identity.code_needed");
    let wrong = json!({"password": PASSWORD, "code": "2222-2222-2222-2222"});
    delete(&member, wrong).await.problem(422, "identity.wrong_code");
    member.api.get("/users/me").await.expect(200);
    delete(&member, json!({"password": PASSWORD, "code": codes[0]})).await.expect(204);
    member.api.get("/users/me").await.problem(401, "auth.ended_session");
}
