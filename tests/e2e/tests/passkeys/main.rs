//! `/users/me/passkeys`, `/auth/passkey` and `/auth/mfa/passkey`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod hostile;
mod second_factors;
mod stepping_up;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Api, Deployment, Options, PASSKEY_ORIGIN, PASSWORD, PasskeyDevice, Person, Server, eventually,
    on_deployment, on_every_deployment, on_own_servers, proving, recovery_codes, text,
};

use self::hostile::{
    ceremonies_belong_to_who_began_them, hostile_bodies_are_refused_and_nothing_breaks,
    signatures_from_elsewhere_are_refused,
};
use self::second_factors::{
    a_passkey_is_a_second_factor, an_organization_is_content_with_passkeys, one_answer_at_a_time,
};
use self::stepping_up::{
    a_copy_proves_nothing_and_is_told_of, a_password_is_not_enough_for_who_has_a_passkey,
    of_many_uses_of_a_proof_at_once_one_succeeds, proofs_belong_to_the_session_that_began_them,
    who_lost_a_passkey_removes_it,
};

on_every_deployment!(
    a_passkey_is_added_listed_renamed_and_removed,
    a_passkey_signs_in_by_itself,
    a_browser_gets_cookies_for_a_passkey,
    a_copy_of_a_passkey_is_refused,
    nothing_is_kept_with_an_idempotency_key,
    a_passkey_is_a_second_factor,
    one_answer_at_a_time,
    an_organization_is_content_with_passkeys,
    ceremonies_belong_to_who_began_them,
    signatures_from_elsewhere_are_refused,
    hostile_bodies_are_refused_and_nothing_breaks,
    a_password_is_not_enough_for_who_has_a_passkey,
    proofs_belong_to_the_session_that_began_them,
    a_copy_proves_nothing_and_is_told_of,
    of_many_uses_of_a_proof_at_once_one_succeeds,
    who_lost_a_passkey_removes_it,
);
on_deployment!(
    mysql_redis,
    MysqlRedis,
    a_password_is_not_enough_for_who_has_a_passkey,
    of_many_uses_of_a_proof_at_once_one_succeeds,
);
on_own_servers!(an_address_without_a_domain_has_no_passkeys);

/// Somebody whose wrong passkeys slow nobody else's sign-ins down.
fn somewhere_else(server: &Server, host: u8) -> Api {
    server.api().from_address([127, 0, 7, host].into())
}

async fn remove(person: &Person, id: &str, body: Value) -> Answer {
    person.api.call(Method::DELETE, &format!("/users/me/passkeys/{id}"), Some(body)).await
}

/// Waits for a mail to somebody that says this.
async fn told(server: &Server, person: &Person, title: &str) {
    let mails = || async { server.mails_to(&person.email).into_iter().find(|mail| mail.contains(title)) };
    eventually(title, mails).await;
}

/// Waits for so many entries on the audit trail.
async fn audited(person: &Person, action: &str, count: usize) {
    let path = format!("/audit-logs?action={action}");
    eventually(action, || async { (person.all(&path).await.len() == count).then_some(()) }).await;
}

async fn a_passkey_is_added_listed_renamed_and_removed(server: Server) {
    let person = Person::found(&server).await;
    let login = json!({"email": person.email, "password": PASSWORD});
    let there = Person::signed_in(&server.api(), &server.api().post("/auth/login", login).await.expect(200));
    let begin = async |body: Value| person.api.post("/users/me/passkeys/options", body).await;
    let not_the_password = || json!({"password": "not the password"});
    let wrong = [("/password".to_owned(), "identity.wrong_password".to_owned())];
    assert_eq!(begin(not_the_password()).await.faults(422), wrong);
    let started = begin(proving(json!({}))).await.expect(200);
    let options = &started["options"];
    assert_eq!(options["rp"], json!({"name": "Tenon", "id": "tenon.example.com"}));
    assert_eq!((&options["user"]["name"], &options["excludeCredentials"]), (&json!(person.email), &json!([])));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");

    let mut phone = PasskeyDevice::default();
    let credential = phone.create(options).await;
    let body = json!({"ceremony": started["ceremony"], "name": " Phone ", "credential": credential});
    let answer = person.api.post("/users/me/passkeys", body.clone()).await;
    let added = answer.expect(201);
    let id = text(&added, "id");
    assert_eq!(answer.header("location"), Some(format!("/api/v1/users/me/passkeys/{id}").as_str()));
    assert_eq!((&added["name"], &added["last_used_at"], &added["version"]), (&json!("Phone"), &Value::Null, &json!(1)));
    assert!(added["synced"].is_boolean(), "{added}");
    let codes = recovery_codes(&added);
    assert_eq!(codes.len(), 10);
    there.api.get("/users/me").await.problem(401, "auth.ended_session");
    let again = [("/ceremony".to_owned(), "identity.passkey_ceremony".to_owned())];
    assert_eq!(person.api.post("/users/me/passkeys", body).await.faults(422), again);

    let by_code = |number: usize| json!({"code": codes[number]});
    let second = person.add_passkey_proving(by_code(0), &mut PasskeyDevice::default(), "Key").await;
    assert_eq!(second["recovery_codes"], Value::Null, "there are some");
    let excluded = begin(proving(by_code(1))).await.expect(200)["options"]["excludeCredentials"].clone();
    assert_eq!(excluded.as_array().unwrap().len(), 2);
    let listed = person.all("/users/me/passkeys").await;
    assert_eq!(listed.iter().map(|it| text(it, "name")).collect::<Vec<_>>(), ["Key", "Phone"]);

    let path = format!("/users/me/passkeys/{id}");
    let read = person.api.get(&path).await;
    assert_eq!(read.etag(), answer.etag());
    assert_eq!(person.api.get(&path).header("if-none-match", read.etag()).await.status, 304);
    let renamed = person.api.patch(&path, json!({"name": "Old phone"})).header("if-match", read.etag()).await;
    assert_eq!(renamed.expect(200)["name"], "Old phone");
    let stale = person.api.patch(&path, json!({"name": "Phone"})).header("if-match", read.etag()).await;
    stale.problem(412, "version.stale");
    let nameless = person.api.patch(&path, json!({"name": "\u{7}"})).await;
    assert_eq!(nameless.faults(422), [("/name".to_owned(), "identity.passkey_name_characters".to_owned())]);
    let other = Person::found(&server).await;
    other.api.get(&path).await.problem(404, "passkey.not_found");
    other.api.patch(&path, json!({"name": "Mine"})).await.problem(404, "passkey.not_found");
    remove(&other, &id, proving(json!({}))).await.problem(404, "passkey.not_found");

    let export = person.api.get("/users/me/export").await.expect(200);
    assert_eq!(export["passkeys"].as_array().unwrap().len(), 2);
    assert_eq!(remove(&person, &id, not_the_password()).await.faults(422), wrong);
    // With itself, as it is now: being shown makes another version of it.
    let proof = phone.step_up(&person.api).await;
    let current = person.api.get(&path).await;
    let removal = person.api.call(Method::DELETE, &path, Some(proving(proof)));
    removal.header("if-match", current.etag()).await.expect(204);
    remove(&person, &id, proving(by_code(2))).await.problem(404, "passkey.not_found");
    phone.sign_in(&somewhere_else(&server, 1)).await.problem(401, "auth.invalid_passkey");
    remove(&person, &text(&second, "id"), proving(by_code(2))).await.expect(204);
    let mfa = person.api.get("/users/me/mfa").await.expect(200);
    assert_eq!((&mfa["passkeys"], &mfa["recovery_codes_left"]), (&json!(0), &json!(0)));
    for title in ["A passkey was added", "A passkey was removed", "Your last passkey was removed"] {
        told(&server, &person, title).await;
    }
    audited(&person, "auth.passkey_added", 2).await;
    audited(&person, "auth.passkey_renamed", 1).await;
    audited(&person, "auth.passkey_removed", 2).await;
}

async fn a_passkey_signs_in_by_itself(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    let passkey = person.add_passkey(&mut phone, "Phone").await;
    let started = server.api().post("/auth/passkey/options", None).await.expect(200);
    assert_eq!(started["options"]["allowCredentials"], json!([]), "nothing is told of anybody");
    assert_eq!(started["options"]["userVerification"], "required");
    assert!(!started.to_string().contains(&person.id));

    let answer = json!({"ceremony": started["ceremony"], "credential": phone.sign(&started["options"]).await});
    let granted = server.api().post("/auth/passkey", answer.clone()).await.expect(200);
    let signed_in = Person::signed_in(&server.api(), &granted);
    assert_eq!((&signed_in.id, &signed_in.organization_id), (&person.id, &person.organization_id));
    signed_in.api.get("/users/me").await.expect(200);
    server.api().post("/auth/refresh", json!({"refresh_token": signed_in.refresh_token})).await.expect(200);
    let replayed = somewhere_else(&server, 2).post("/auth/passkey", answer).await;
    replayed.problem(401, "auth.invalid_passkey");
    assert!(replayed.header("www-authenticate").is_some());
    let used = person.api.get(format!("/users/me/passkeys/{}", text(&passkey, "id"))).await.expect(200);
    assert!(used["last_used_at"].is_string(), "{used}");
    audited(&person, "auth.passkey_used", 1).await;
}

async fn a_browser_gets_cookies_for_a_passkey(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    person.add_passkey(&mut phone, "Phone").await;
    let answer = phone.answer(&server.api()).await;
    let foreign = server.api().post("/auth/passkey", answer.clone()).header("x-auth-mode", "cookie");
    foreign.header("origin", "https://evil.example.com").await.problem(403, "auth.foreign_origin");
    // An old cookie is in nobody's way.
    let call = server.api().post("/auth/passkey", answer).header("x-auth-mode", "cookie");
    let granted = call.header("cookie", "__Host-tenon_access=old").await;
    assert_eq!(granted.expect(200)["access_token"], Value::Null);
    let cookies: Vec<_> = granted.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|it| it.starts_with("__Host-tenon_access=")), "{cookies:?}");
}

async fn a_copy_of_a_passkey_is_refused(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::counting());
    person.add_passkey(&mut phone, "Phone").await;
    let mut copy = phone.clone();
    phone.sign_in(&server.api()).await.expect(200);
    copy.sign_in(&somewhere_else(&server, 3)).await.problem(401, "auth.invalid_passkey");
    phone.sign_in(&server.api()).await.expect(200);
    audited(&person, "auth.passkey_counter_reused", 1).await;
    audited(&person, "auth.sign_in_failed", 1).await;
}

async fn nothing_is_kept_with_an_idempotency_key(server: Server) {
    let person = Person::found(&server).await;
    for path in ["/users/me/passkeys/options", "/users/me/passkeys", "/users/me/mfa/passkey/options"] {
        let call = person.api.post(path, json!({"password": PASSWORD})).header("Idempotency-Key", "k");
        call.await.problem(400, "idempotency.not_supported");
    }
}

async fn an_address_without_a_domain_has_no_passkeys(deployment: Deployment) {
    let options = Options::default().without("TENON_WEBAUTHN_RP_ID").without("TENON_WEBAUTHN_ORIGINS");
    let server = Server::start(deployment, options).await;
    let person = Person::found(&server).await;
    let code = "auth.passkeys_unavailable";
    server.api().post("/auth/passkey/options", None).await.problem(422, code);
    server.api().post("/auth/passkey", json!({"ceremony": "", "credential": {}})).await.problem(422, code);
    person.api.post("/users/me/passkeys/options", json!({"password": PASSWORD})).await.problem(422, code);
    person.api.post("/users/me/mfa/passkey/options", None).await.problem(422, code);
    assert!(person.all("/users/me/passkeys").await.is_empty());
    let (done, output) = server.tenon(&["doctor"]);
    assert!(done && output.contains("no domain that they could be bound to"), "{output}");
    let other =
        Options::default().with("TENON_WEBAUTHN_RP_ID", "example.org").with("TENON_WEBAUTHN_ORIGINS", PASSKEY_ORIGIN);
    let (done, output) = server.tenon_with(&["doctor"], other);
    assert!(!done && output.contains("example.org"), "{output}");
}
