//! Passkeys after the password.

use super::*;

/// What a sign-in goes on with whose password was right.
async fn challenge(server: &Server, person: &Person) -> Value {
    let login = json!({"email": person.email, "password": PASSWORD});
    server.api().post("/auth/login", login).await.problem(401, "mfa_required")
}

async fn verify(server: &Server, body: Value) -> Answer {
    server.api().post("/auth/mfa/verify", body).await
}

pub(super) async fn a_passkey_is_a_second_factor(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    let added = person.add_passkey(&mut phone, "Phone").await;
    let asked = challenge(&server, &person).await;
    assert_eq!(asked["methods"], json!(["recovery_code", "passkey"]));
    let token = text(&asked, "mfa_token");
    let options = server.api().post("/auth/mfa/passkey/options", json!({"mfa_token": token})).await.expect(200);
    assert_eq!(options["options"]["allowCredentials"].as_array().unwrap().len(), 1);
    let answer = phone.second_factor(&server.api(), &token).await;
    let granted = verify(&server, answer.clone()).await.expect(200);
    assert_eq!(text(&granted["user"], "id"), person.id);
    verify(&server, answer).await.problem(401, "auth.invalid_mfa_token");

    let token = text(&challenge(&server, &person).await, "mfa_token");
    let alone = phone.answer(&server.api()).await;
    let elsewhere = json!({"mfa_token": token, "passkey": alone});
    verify(&server, elsewhere).await.problem(401, "auth.invalid_passkey");
    let codes = recovery_codes(&added);
    verify(&server, json!({"mfa_token": token, "code": codes[0]})).await.expect(200);

    let (mut app, _) = person.enroll_proving(json!({"code": codes[1]})).await;
    let asked = challenge(&server, &person).await;
    assert_eq!(asked["methods"], json!(["totp", "recovery_code", "passkey"]));
    let token = text(&asked, "mfa_token");
    verify(&server, json!({"mfa_token": token, "code": app.next_code().await})).await.expect(200);
    audited(&person, "auth.passkey_used", 1).await;
}

pub(super) async fn one_answer_at_a_time(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    let (_, codes) = person.enroll().await;
    let token = text(&challenge(&server, &person).await, "mfa_token");
    let none = server.api().post("/auth/mfa/passkey/options", json!({"mfa_token": token})).await;
    none.problem(409, "identity.no_passkey");
    person.add_passkey_proving(json!({"code": codes[0]}), &mut phone, "Phone").await;
    let mut both = phone.second_factor(&server.api(), &token).await;
    both["code"] = json!("123456");
    assert_eq!(verify(&server, both).await.faults(422), [("/passkey".to_owned(), "identity.one_answer".to_owned())]);
    let neither = verify(&server, json!({"mfa_token": token})).await;
    assert_eq!(neither.faults(422), [("/code".to_owned(), "identity.code_needed".to_owned())]);
    for made_up in ["", "nonsense", "tenon_mfa_0_0"] {
        let refused = server.api().post("/auth/mfa/passkey/options", json!({"mfa_token": made_up})).await;
        refused.problem(401, "auth.invalid_mfa_token");
    }
    for _ in 0..5 {
        let wrong = json!({"mfa_token": token, "passkey": {"ceremony": "a.b", "credential": {}}});
        verify(&server, wrong).await.problem(401, "auth.invalid_passkey");
    }
    let late = json!({"mfa_token": token, "code": "123456"});
    verify(&server, late).await.problem(401, "auth.invalid_mfa_token");
    audited(&person, "auth.sign_in_failed", 5).await;
}

pub(super) async fn an_organization_is_content_with_passkeys(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let require = async || owner.api.patch("/organizations/current", json!({"require_mfa": true})).await;
    require().await.problem(409, "organization.requires_own_mfa");
    owner.add_passkey(&mut PasskeyDevice::default(), "Phone").await;
    require().await.expect(200);
    member.api.get("/tasks").await.problem(403, "auth.mfa_enrollment_required");
    let mut key = PasskeyDevice::default();
    let passkey = member.add_passkey(&mut key, "Key").await;
    member.api.get("/tasks").await.expect(200);
    let proof = key.step_up(&member.api).await;
    remove(&member, &text(&passkey, "id"), proving(proof)).await.expect(204);
    member.api.get("/tasks").await.problem(403, "auth.mfa_enrollment_required");
}
