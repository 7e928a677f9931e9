//! `/auth/mfa` and `/users/me/mfa`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, AuthenticatorApp, Deployment, Options, PASSWORD, Person, Server, array, eventually, on_every_deployment,
    on_own_servers, recovery_codes, text,
};

on_every_deployment!(
    an_app_counts_once_it_is_confirmed,
    a_sign_in_goes_on_with_a_code,
    wrong_codes_make_a_sign_in_worthless,
    a_recovery_code_stands_in_for_the_app_once,
    recovery_codes_are_replaced,
    a_code_removes_it_again,
    nothing_of_it_is_kept_with_an_idempotency_key,
    an_invitation_is_accepted_with_a_code,
    an_organization_requires_second_factors_of_its_members,
);
on_own_servers!(secrets_are_encrypted_again_with_a_new_key);

/// What a sign-in goes on with whose password was right.
async fn challenge(server: &Server, person: &Person) -> String {
    let answer = server.api().post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await;
    assert!(answer.header("www-authenticate").is_some());
    let problem = answer.problem(401, "mfa_required");
    assert_eq!(problem["methods"], json!(["totp", "recovery_code"]));
    text(&problem, "mfa_token")
}

async fn verify(server: &Server, token: &str, code: &str) -> Answer {
    server.api().post("/auth/mfa/verify", json!({"mfa_token": token, "code": code})).await
}

async fn remove(person: &Person, code: &str) -> Answer {
    person.api.call(Method::DELETE, "/users/me/mfa/totp", Some(json!({"code": code}))).await
}

async fn mfa_of(person: &Person) -> Value {
    person.api.get("/users/me/mfa").await.expect(200)
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

async fn an_app_counts_once_it_is_confirmed(server: Server) {
    let person = Person::found(&server).await;
    let none = json!({"totp": {"enabled": false, "confirmed_at": null}, "passkeys": 0, "recovery_codes_left": 0});
    assert_eq!(mfa_of(&person).await, none);
    let begin = async |password: &str| person.api.post("/users/me/mfa/totp", json!({"password": password})).await;
    let confirm = async |code: &str| person.api.post("/users/me/mfa/totp/confirm", json!({"code": code})).await;
    confirm("123456").await.problem(409, "identity.mfa_not_enabled");
    let wrong = [("/password".to_owned(), "identity.wrong_password".to_owned())];
    assert_eq!(begin("not the password").await.faults(422), wrong);

    let replaced = begin(PASSWORD).await.expect(200);
    let begun = begin(PASSWORD).await.expect(200);
    assert_ne!(replaced["secret"], begun["secret"]);
    let (secret, url) = (text(&begun, "secret"), text(&begun, "otpauth_url"));
    assert!(url.starts_with("otpauth://totp/Tenon:") && url.contains(&format!("secret={secret}")), "{url}");
    assert!(text(&begun, "qr_svg").starts_with("<svg "), "{begun}");
    assert_eq!(mfa_of(&person).await, none, "not yet");
    let login = json!({"email": person.email, "password": PASSWORD});
    let there = Person::signed_in(&server.api(), &server.api().post("/auth/login", login).await.expect(200));
    let other = AuthenticatorApp::new(&text(&replaced, "secret")).next_code().await;
    assert_eq!(confirm(&other).await.faults(422), [("/code".to_owned(), "identity.wrong_code".to_owned())]);

    let mut app = AuthenticatorApp::new(&secret);
    let confirmed = confirm(&app.next_code().await).await.expect(200);
    assert_eq!(recovery_codes(&confirmed).len(), 10);
    there.api.get("/users/me").await.problem(401, "auth.ended_session");
    let mfa = mfa_of(&person).await;
    assert_eq!((&mfa["totp"]["enabled"], &mfa["recovery_codes_left"]), (&json!(true), &json!(10)));
    assert!(mfa["totp"]["confirmed_at"].is_string(), "{mfa}");
    begin(PASSWORD).await.problem(409, "identity.mfa_enabled");
    confirm(&app.next_code().await).await.problem(409, "identity.mfa_enabled");
    told(&server, &person, "A second factor was added").await;
    audited(&person, "auth.mfa_enabled", 1).await;
}

async fn a_sign_in_goes_on_with_a_code(server: Server) {
    let person = Person::found(&server).await;
    let (mut app, _) = person.enroll().await;
    let token = challenge(&server, &person).await;
    person.api.with_token(&token).get("/users/me").await.problem(401, "auth.invalid_token");
    let code = app.next_code().await;
    let granted = verify(&server, &token, &code).await.expect(200);
    let signed_in = Person::signed_in(&server.api(), &granted);
    assert_eq!((&signed_in.id, &signed_in.organization_id), (&person.id, &person.organization_id));
    signed_in.api.get("/users/me").await.expect(200);
    server.api().post("/auth/refresh", json!({"refresh_token": signed_in.refresh_token})).await.expect(200);

    verify(&server, &token, &code).await.problem(401, "auth.invalid_mfa_token");
    let next = challenge(&server, &person).await;
    verify(&server, &next, &code).await.problem(401, "auth.invalid_code");
    let own = remove(&person, &code).await;
    assert_eq!(own.faults(422), [("/code".to_owned(), "identity.wrong_code".to_owned())]);
    verify(&server, &next, &app.next_code().await).await.expect(200);
    let wrong = json!({"email": person.email, "password": "not the password"});
    server.api().post("/auth/login", wrong).await.problem(401, "auth.invalid_credentials");
}

async fn wrong_codes_make_a_sign_in_worthless(server: Server) {
    let person = Person::found(&server).await;
    let (mut app, _) = person.enroll().await;
    let token = challenge(&server, &person).await;
    for code in ["", "12345", "nonsense", "0123-4567-89ab-cdef", "é"] {
        let wrong = verify(&server, &token, code).await;
        wrong.problem(401, "auth.invalid_code");
        assert!(wrong.header("www-authenticate").is_some());
    }
    verify(&server, &token, &app.next_code().await).await.problem(401, "auth.invalid_mfa_token");
    audited(&person, "auth.sign_in_failed", 5).await;

    let token = challenge(&server, &person).await;
    for _ in 0..5 {
        verify(&server, &token, "no code").await.problem(401, "auth.invalid_code");
    }
    let token = challenge(&server, &person).await;
    let paused = verify(&server, &token, &app.next_code().await).await;
    paused.problem(429, "auth.too_many_attempts");
    assert!(paused.header("retry-after").is_some());
    for made_up in ["", "nonsense", "tenon_mfa_0_0", &format!("{token}0")] {
        verify(&server, made_up, "123456").await.problem(401, "auth.invalid_mfa_token");
    }
}

async fn a_recovery_code_stands_in_for_the_app_once(server: Server) {
    let person = Person::found(&server).await;
    let (_, codes) = person.enroll().await;
    let token = challenge(&server, &person).await;
    verify(&server, &token, &codes[0].to_uppercase()).await.expect(200);
    assert_eq!(mfa_of(&person).await["recovery_codes_left"], 9);
    let token = challenge(&server, &person).await;
    verify(&server, &token, &codes[0]).await.problem(401, "auth.invalid_code");
    verify(&server, &token, &codes[1]).await.expect(200);
    told(&server, &person, "You have 8 of them left").await;
    audited(&person, "auth.recovery_code_used", 2).await;
}

async fn recovery_codes_are_replaced(server: Server) {
    let person = Person::found(&server).await;
    let (mut app, old) = person.enroll().await;
    let replace = async |code: &str| person.api.post("/users/me/mfa/recovery-codes", json!({"code": code})).await;
    assert_eq!(replace("no code").await.faults(422), [("/code".to_owned(), "identity.wrong_code".to_owned())]);
    let new = recovery_codes(&replace(&app.next_code().await).await.expect(200));
    assert!(new.len() == 10 && new.iter().all(|code| !old.contains(code)));
    let token = challenge(&server, &person).await;
    verify(&server, &token, &old[0]).await.problem(401, "auth.invalid_code");
    verify(&server, &token, &new[0]).await.expect(200);
    told(&server, &person, "Your recovery codes were replaced").await;
    audited(&person, "auth.recovery_codes_replaced", 1).await;
}

async fn a_code_removes_it_again(server: Server) {
    let person = Person::found(&server).await;
    let (_, codes) = person.enroll().await;
    let waiting = challenge(&server, &person).await;
    for path in ["/users/me/mfa/totp", "/users/me/mfa/recovery-codes"] {
        let method = if path.ends_with("totp") { Method::DELETE } else { Method::POST };
        let missing = person.api.call(method, path, Some(json!({}))).await;
        assert_eq!(missing.faults(422), [("/code".to_owned(), "identity.code_needed".to_owned())]);
    }
    remove(&person, &codes[0]).await.expect(204);
    assert_eq!(mfa_of(&person).await["totp"]["enabled"], false);
    server.api().post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await.expect(200);
    verify(&server, &waiting, &codes[1]).await.problem(401, "auth.invalid_mfa_token");
    remove(&person, &codes[1]).await.problem(409, "identity.mfa_not_enabled");
    told(&server, &person, "Your second factor was removed").await;
    audited(&person, "auth.mfa_disabled", 1).await;
}

async fn nothing_of_it_is_kept_with_an_idempotency_key(server: Server) {
    let person = Person::found(&server).await;
    let begin = person.api.post("/users/me/mfa/totp", json!({"password": PASSWORD}));
    begin.header("Idempotency-Key", "k").await.problem(400, "idempotency.not_supported");
    // Programs have no business with it.
    let (_, robot) = person.token(&["profile:read"]).await;
    robot.get("/users/me/mfa").await.expect(200);
    let begin = robot.post("/users/me/mfa/totp", json!({"password": PASSWORD})).await;
    begin.problem(403, "auth.session_required");
}

async fn an_invitation_is_accepted_with_a_code(server: Server) {
    let (owner, person) = (Person::found(&server).await, Person::found(&server).await);
    let (mut app, _) = person.enroll().await;
    let invited = owner.api.post("/invitations", json!({"email": person.email, "role": "guest"})).await.expect(201);
    let acceptance = json!({"token": invited["token"], "password": PASSWORD});
    let asked = server.api().post("/invitations/accept", acceptance).await.problem(401, "mfa_required");
    assert_eq!(person.all("/organizations").await.len(), 1, "not yet");
    let token = text(&asked, "mfa_token");
    verify(&server, &token, "no code").await.problem(401, "auth.invalid_code");
    let granted = verify(&server, &token, &app.next_code().await).await.expect(200);
    assert_eq!(text(&granted["organization"], "id"), owner.organization_id);
    assert_eq!(granted["organization"]["role"], "guest");
    assert_eq!(person.all("/organizations").await.len(), 2);
}

async fn require(person: &Person, required: bool) -> Answer {
    person.api.patch("/organizations/current", json!({"require_mfa": required})).await
}

async fn an_organization_requires_second_factors_of_its_members(server: Server) {
    let owner = Person::found(&server).await;
    let (admin, guest) = (owner.invite("Alan Admin", "admin").await, owner.invite("Gus Guest", "guest").await);
    require(&guest, true).await.problem(403, "permission.denied");
    require(&owner, true).await.problem(409, "organization.requires_own_mfa");
    owner.enroll().await;
    assert_eq!(require(&owner, true).await.expect(200)["require_mfa"], true);

    let (_, robot) = owner.token(&["organization:write"]).await;
    robot.patch("/organizations/current", json!({"require_mfa": false})).await.problem(403, "auth.session_required");
    robot.patch("/organizations/current", json!({"name": "Ours"})).await.expect(200);
    let refused = "auth.mfa_enrollment_required";
    admin.api.get("/organizations/current").await.problem(403, refused);
    admin.api.patch("/organizations/current", json!({"name": "Theirs"})).await.problem(403, refused);
    guest.api.get("/tasks").await.problem(403, refused);
    guest.api.get("/notifications").await.problem(403, refused);
    guest.api.get("/users/me").await.expect(200);
    guest.api.patch("/users/me", json!({"display_name": "Gustav"})).await.expect(200);
    guest.api.get("/auth/sessions").await.expect(200);
    let login = json!({"email": guest.email, "password": PASSWORD});
    let again = server.api().post("/auth/login", login).await.expect(200);
    let again = Person::signed_in(&server.api(), &again);
    again.api.get("/projects").await.problem(403, refused);
    again.api.post("/auth/logout", None).await.expect(204);

    admin.enroll().await;
    admin.api.get("/organizations/current").await.expect(200);
    assert_eq!(require(&admin, false).await.expect(200)["require_mfa"], false);
    assert_eq!(array(&guest.api.get("/tasks").await.expect(200)), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_requires_all_do() {
    let server = Server::start(Deployment::PostgresRedis, Options::default()).await;
    let second = server.start_second_api(Options::default()).await;
    let owner = Person::found(&server).await;
    let guest = owner.invite("Gus Guest", "guest").await;
    let there = guest.api.at(&second.root);
    let answers = async |status: u16| {
        let heard = || async { (there.get("/tasks").await.status == status).then_some(()) };
        eventually("what the other instance answers", heard).await;
    };
    answers(200).await;
    owner.enroll().await;
    require(&owner, true).await.expect(200);
    answers(403).await;
    let (_, codes) = guest.enroll().await;
    answers(200).await;
    remove(&guest, &codes[0]).await.expect(204);
    answers(403).await;
    require(&owner, false).await.expect(200);
    answers(200).await;
}

async fn secrets_are_encrypted_again_with_a_new_key(deployment: Deployment) {
    let server = Server::start(deployment, Options::default()).await;
    let person = Person::found(&server).await;
    let (mut app, _) = person.enroll().await;
    let keyed = || Options::default().with("TENON_SECRET_KEYS", "2026:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let (done, output) = server.tenon(&["secrets", "status"]);
    assert!(done && output.contains("derived"), "{output}");
    let (done, output) = server.tenon_with(&["doctor"], keyed());
    assert!(done && output.contains("run tenon secrets rotate"), "{output}");
    let (done, output) = server.tenon_with(&["secrets", "rotate"], keyed());
    assert!(done && output.contains("encrypted again, with the key 2026: 1"), "{output}");
    let (done, output) = server.tenon(&["doctor"]);
    assert!(!done && output.contains("TENON_SECRET_KEYS"), "{output}");

    let token = challenge(&server, &person).await;
    verify(&server, &token, &app.next_code().await).await.any_problem(500);
    let told = || async { server.log().contains("which TENON_SECRET_KEYS does not have").then_some(()) };
    eventually("the line of the log that says why", told).await;
    assert!(server.terminate_api(Duration::from_secs(30)));
    let after = server.beside(keyed()).await;
    let token = challenge(&after, &person).await;
    verify(&after, &token, &app.next_code().await).await.expect(200);
}
