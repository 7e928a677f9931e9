//! What is asked of who is signed in besides their password.

use futures::future::join_all;
use tenon_e2e_tests::merged;

use super::*;

fn fault(field: &str, code: &str) -> [(String, String); 1] {
    [(format!("/{field}"), format!("identity.{code}"))]
}

async fn begin_totp(person: &Person, proof: Value) -> Answer {
    person.api.post("/users/me/mfa/totp", proving(proof)).await
}

pub(super) async fn a_password_is_not_enough_for_who_has_a_passkey(server: Server) {
    let owner = Person::found(&server).await;
    let admin = owner.invite("Alan Admin", "admin").await;
    let (mut phone, mut tablet) = (PasskeyDevice::default(), PasskeyDevice::default());
    let passkey = owner.add_passkey(&mut phone, "Phone").await;
    let path = format!("/users/me/passkeys/{}", text(&passkey, "id"));
    let transfer = |proof: Value| merged(proving(proof), json!({"user_id": admin.id, "keep_role": true}));
    let call = async |method: Method, path: &str, body: Value| owner.api.call(method, path, Some(body)).await;
    for (method, path) in [
        (Method::POST, "/users/me/passkeys/options"),
        (Method::DELETE, path.as_str()),
        (Method::POST, "/users/me/mfa/totp"),
        (Method::POST, "/organizations/current/transfer"),
        (Method::DELETE, "/users/me"),
    ] {
        let body = |proof: Value| if path.ends_with("/transfer") { transfer(proof) } else { proving(proof) };
        let missing = call(method.clone(), path, body(json!({}))).await;
        assert_eq!(missing.faults(422), fault("code", "code_needed"), "{path}");
        let nothing = json!({"ceremony": "a.b", "credential": {}});
        let wrong = call(method.clone(), path, body(json!({"passkey": nothing}))).await;
        assert_eq!(wrong.faults(422), fault("passkey", "wrong_passkey"), "{path}");
        let both = call(method.clone(), path, body(json!({"code": "123456", "passkey": nothing}))).await;
        assert_eq!(both.faults(422), fault("passkey", "one_answer"), "{path}");
    }

    let proof = phone.step_up(&owner.api).await;
    owner.add_passkey_proving(proof, &mut tablet, "Tablet").await;
    let handed = transfer(tablet.step_up(&owner.api).await);
    assert_eq!(call(Method::POST, "/organizations/current/transfer", handed).await.expect(200)["role"], "owner");
    let codes = phone.step_up(&owner.api).await;
    let codes = call(Method::POST, "/users/me/mfa/recovery-codes", codes).await.expect(200);
    assert_eq!(recovery_codes(&codes).len(), 10);
    let proof = tablet.step_up(&owner.api).await;
    owner.enroll_proving(proof).await;
    call(Method::DELETE, "/users/me/mfa/totp", json!({})).await.problem(422, "identity.code_needed");
    let proof = tablet.step_up(&owner.api).await;
    call(Method::DELETE, "/users/me/mfa/totp", proof).await.expect(204);
    let proof = phone.step_up(&owner.api).await;
    call(Method::DELETE, &path, proving(proof)).await.expect(204);
    audited(&owner, "auth.passkey_used", 6).await;
    let proof = tablet.step_up(&owner.api).await;
    call(Method::DELETE, "/users/me", proving(proof)).await.expect(204);
    owner.api.get("/users/me").await.problem(401, "auth.ended_session");
}

pub(super) async fn proofs_belong_to_the_session_that_began_them(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    let wrong = || fault("passkey", "wrong_passkey");
    let none = person.api.post("/users/me/mfa/passkey/options", None).await;
    none.problem(409, "identity.no_passkey");
    person.add_passkey(&mut phone, "Phone").await;
    let granted = phone.sign_in(&server.api()).await.expect(200);
    let there = Person::signed_in(&server.api(), &granted);
    let proof = phone.step_up(&there.api).await;
    assert_eq!(begin_totp(&person, proof.clone()).await.faults(422), wrong());
    begin_totp(&there, proof.clone()).await.expect(200);
    assert_eq!(begin_totp(&there, proof).await.faults(422), wrong(), "it is good once");

    let of_a_sign_in = json!({"passkey": phone.answer(&server.api()).await});
    assert_eq!(begin_totp(&person, of_a_sign_in).await.faults(422), wrong());
    let proof = phone.step_up(&person.api).await["passkey"].clone();
    let sign_in = somewhere_else(&server, 8).post("/auth/passkey", proof).await;
    sign_in.problem(401, "auth.invalid_passkey");
    let (other, mut of_another) = (Person::found(&server).await, PasskeyDevice::default());
    other.add_passkey(&mut of_another, "Phone").await;
    let foreign = of_another.step_up(&other.api).await;
    assert_eq!(begin_totp(&person, foreign).await.faults(422), wrong());
}

pub(super) async fn a_copy_proves_nothing_and_is_told_of(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::counting());
    person.add_passkey(&mut phone, "Phone").await;
    let mut copy = phone.clone();
    let proof = phone.step_up(&person.api).await;
    begin_totp(&person, proof).await.expect(200);
    let proof = copy.step_up(&person.api).await;
    assert_eq!(begin_totp(&person, proof).await.faults(422), fault("passkey", "wrong_passkey"));
    audited(&person, "auth.passkey_counter_reused", 1).await;
}

pub(super) async fn of_many_uses_of_a_proof_at_once_one_succeeds(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    person.add_passkey(&mut phone, "Phone").await;
    let proof = phone.step_up(&person.api).await;
    let answers = join_all((0..4).map(|_| begin_totp(&person, proof.clone()))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422, 422, 422]);
}

pub(super) async fn who_lost_a_passkey_removes_it(server: Server) {
    let person = Person::found(&server).await;
    let (mut lost, mut kept) = (PasskeyDevice::default(), PasskeyDevice::default());
    let first = person.add_passkey(&mut lost, "Lost").await;
    let codes = recovery_codes(&first);
    let second = person.add_passkey_proving(json!({"code": codes[0]}), &mut PasskeyDevice::default(), "Lost").await;
    person.add_passkey_proving(json!({"code": codes[1]}), &mut kept, "Kept").await;
    let by_another = kept.step_up(&person.api).await;
    remove(&person, &text(&first, "id"), proving(by_another)).await.expect(204);
    remove(&person, &text(&second, "id"), proving(json!({"code": codes[2]}))).await.expect(204);
    lost.sign_in(&somewhere_else(&server, 9)).await.problem(401, "auth.invalid_passkey");
    told(&server, &person, "A passkey was removed").await;
    told(&server, &person, "You have 7 of them left").await;
}
