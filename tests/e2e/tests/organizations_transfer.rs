//! `/organizations/current/transfer`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{Answer, PASSWORD, Person, Server, array, eventually, on_deployment, on_every_deployment, text};

on_every_deployment!(
    an_organization_passes_to_another_member,
    it_passes_to_nobody_who_cannot_own_it,
    only_an_owner_does_so_who_proves_who_they_are,
    a_code_of_the_second_factor_is_needed,
);
on_deployment!(mysql_redis, MysqlRedis, an_organization_passes_to_another_member);

const PATH: &str = "/organizations/current/transfer";

async fn transfer(by: &Person, body: Value) -> Answer {
    by.api.post(PATH, body).await
}

fn to(id: &str) -> Value {
    json!({"user_id": id, "password": PASSWORD})
}

async fn an_organization_passes_to_another_member(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let before = owner.api.get("/organizations/current").await.expect(200);
    let answer = transfer(&owner, to(&member.id)).await;
    let handed = answer.expect(200);
    assert_eq!(handed["role"], "admin");
    assert_eq!(handed["version"].as_i64(), before["version"].as_i64().map(|version| version + 1));
    assert_eq!(answer.etag(), owner.api.get("/organizations/current").await.etag());
    let roles = member.all("/members").await;
    let role_of = |person: &Person| roles.iter().find(|it| it["user_id"] == *person.id).map(|it| text(it, "role"));
    assert_eq!((role_of(&owner).as_deref(), role_of(&member).as_deref()), (Some("admin"), Some("owner")));
    // At once, with the tokens they have.
    transfer(&owner, to(&member.id)).await.problem(403, "permission.denied");
    let invitation = json!({"email": "nina@example.com", "role": "owner"});
    member.api.post("/invitations", invitation).await.expect(201);
    eventually("a notification", || async {
        let inbox = member.all("/notifications").await;
        inbox.into_iter().find(|it| it["type"] == "organization.member_role_changed")
    })
    .await;
    let trail = "/audit-logs?action=organization.ownership_transferred";
    let entry = eventually("an entry", || async { array(&member.api.get(trail).await.expect(200)).pop() }).await;
    assert_eq!(entry["actor"]["id"], owner.id, "{entry}");

    let back = json!({"user_id": owner.id, "password": PASSWORD, "keep_role": true});
    assert_eq!(transfer(&member, back).await.expect(200)["role"], "owner");
    member.api.delete(format!("/members/{}", member.id)).await.expect(204);
}

async fn it_passes_to_nobody_who_cannot_own_it(server: Server) {
    let (owner, stranger) = (Person::found(&server).await, Person::found(&server).await);
    let guest = owner.invite("Gus Guest", "guest").await;
    let suspended = owner.invite("Sue Suspended", "admin").await;
    owner.api.post(format!("/members/{}/suspend", suspended.id), None).await.expect(200);
    let program = json!({"name": "Importer", "role": "member"});
    let program = text(&owner.api.post("/service-accounts", program).await.expect(201), "id");
    for id in [&owner.id, &stranger.id, &guest.id, &suspended.id, &program] {
        transfer(&owner, to(id)).await.problem(422, "organization.new_owner");
    }
    assert_eq!(owner.api.get("/organizations/current").await.expect(200)["role"], "owner");
}

async fn only_an_owner_does_so_who_proves_who_they_are(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    transfer(&admin, to(&admin.id)).await.problem(403, "permission.denied");
    let wrong = json!({"user_id": admin.id, "password": "not the password"});
    let faults = transfer(&owner, wrong).await.faults(422);
    assert_eq!(faults, [("/password".to_owned(), "identity.wrong_password".to_owned())]);
    let scopes = owner.api.scopes().await;
    let (_, robot) = owner.token(&scopes.iter().map(String::as_str).collect::<Vec<_>>()).await;
    robot.post(PATH, to(&admin.id)).await.problem(403, "auth.session_required");
    let with_key = owner.api.post(PATH, to(&admin.id)).header("idempotency-key", "k").await;
    with_key.problem(400, "idempotency.not_supported");
    assert_eq!(owner.api.get("/organizations/current").await.expect(200)["role"], "owner");
}

async fn a_code_of_the_second_factor_is_needed(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let (mut app, _) = owner.enroll().await;
    transfer(&owner, to(&admin.id)).await.problem(422, "identity.code_needed");
    let with_code = |code: &str| json!({"user_id": admin.id, "password": PASSWORD, "code": code});
    let known = app.next_code().await;
    let wrong = if known == "000000" { "000001" } else { "000000" };
    transfer(&owner, with_code(wrong)).await.problem(422, "identity.wrong_code");
    assert_eq!(transfer(&owner, with_code(&known)).await.expect(200)["role"], "admin");
}
