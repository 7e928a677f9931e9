//! `/auth/forgot-password` and `/auth/reset-password`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use serde_json::json;
use tenon_e2e_tests::{
    Answer, Deployment, Options, PASSWORD, PasskeyDevice, Person, Server, eventually, on_deployment,
    on_every_deployment, on_own_servers, text, unique_email,
};

on_every_deployment!(
    a_forgotten_password_is_replaced_by_a_mailed_link,
    asking_for_a_link_does_not_tell_which_addresses_exist,
    a_link_is_good_until_one_of_them_is_used,
    a_new_password_has_to_follow_the_rules,
    made_up_tokens_are_refused,
    nothing_that_a_stranger_added_outlives_the_first_new_password,
    who_had_verified_their_address_keeps_their_second_factor,
);
on_deployment!(
    mysql_redis,
    MysqlRedis,
    a_forgotten_password_is_replaced_by_a_mailed_link,
    nothing_that_a_stranger_added_outlives_the_first_new_password,
);
on_own_servers!(a_stranger_uses_up_nothing_of_what_an_owner_may_ask_for);

const NEW_PASSWORD: &str = "a quieter place for staples";
const PLACE: &str = "account/reset-password";

async fn forgot(server: &Server, email: &str) -> Answer {
    server.api().post("/auth/forgot-password", json!({"email": email})).await
}

async fn reset(server: &Server, token: &str, password: &str) -> Answer {
    server.api().post("/auth/reset-password", json!({"token": token, "password": password})).await
}

async fn login(server: &Server, email: &str, password: &str) -> Answer {
    server.api().post("/auth/login", json!({"email": email, "password": password})).await
}

async fn a_forgotten_password_is_replaced_by_a_mailed_link(server: Server) {
    let person = Person::found(&server).await;
    let elsewhere = Person::signed_in(&server.api(), &login(&server, &person.email, PASSWORD).await.expect(200));
    assert_eq!(person.api.get("/users/me").await.expect(200)["email_verified"], false);
    assert_eq!(forgot(&server, &person.email.to_uppercase()).await.expect(202), serde_json::Value::Null);
    let token = server.mailed_token(&person.email, PLACE, &[]).await;
    reset(&server, &token, NEW_PASSWORD).await.expect(204);

    for session in [&person, &elsewhere] {
        session.api.get("/users/me").await.problem(401, "auth.ended_session");
    }
    let refresh = json!({"refresh_token": person.refresh_token});
    server.api().post("/auth/refresh", refresh).await.problem(401, "auth.invalid_refresh_token");
    login(&server, &person.email, PASSWORD).await.problem(401, "auth.invalid_credentials");
    let granted = login(&server, &person.email, NEW_PASSWORD).await.expect(200);
    assert_eq!(granted["user"]["email_verified"], true, "who reads the mail has the address");
    reset(&server, &token, "yet another one of them").await.problem(401, "auth.invalid_account_token");

    eventually("the notice", || async {
        server.mails_to(&person.email).into_iter().find(|mail| mail.contains("Your password was changed"))
    })
    .await;
    let api = server.api().with_token(&text(&granted, "access_token"));
    for action in ["auth.password_reset_requested", "user.password_reset", "user.email_verified"] {
        let path = format!("/audit-logs?action={action}");
        let entries = eventually(action, || async {
            let entries = api.get(&path).await.expect(200);
            (!entries["data"].as_array().unwrap().is_empty()).then_some(entries)
        })
        .await;
        assert!(!entries.to_string().contains(&token), "{entries}");
    }
}

async fn asking_for_a_link_does_not_tell_which_addresses_exist(server: Server) {
    let known = Person::found(&server).await;
    for path in ["/auth/forgot-password", "/auth/verify-email/resend"] {
        let ask = async |email: &str| server.api().post(path, json!({"email": email})).await;
        let (yes, no) = (ask(&known.email).await, ask(&unique_email("Nobody")).await);
        assert_eq!((yes.status, &yes.text), (202, &no.text), "{path}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!((no.status, names(&yes)), (202, names(&no)), "{path}");
        ask("nobody").await.problem(422, "identity.email_format");
    }
}

async fn a_link_is_good_until_one_of_them_is_used(server: Server) {
    let person = Person::found(&server).await;
    forgot(&server, &person.email).await.expect(202);
    let first = server.mailed_token(&person.email, PLACE, &[]).await;
    forgot(&server, &person.email).await.expect(202);
    let second = server.mailed_token(&person.email, PLACE, std::slice::from_ref(&first)).await;
    reset(&server, &first, NEW_PASSWORD).await.expect(204);
    reset(&server, &second, "yet another one of them").await.problem(401, "auth.invalid_account_token");
    login(&server, &person.email, NEW_PASSWORD).await.expect(200);
}

async fn a_stranger_uses_up_nothing_of_what_an_owner_may_ask_for(deployment: Deployment) {
    let server = Server::start(deployment, Options::default().with("TENON_RATE_LIMITS", "on")).await;
    let person = Person::found(&server).await;
    let stranger = server.api().from_address([127, 0, 5, 1].into());
    let ask = || stranger.post("/auth/forgot-password", json!({"email": person.email}));
    let mut asked = 0;
    while ask().await.status == 202 {
        asked += 1;
    }
    assert!((10..20).contains(&asked), "{asked}: fewer than the limit by address lets through");
    ask().await.problem(429, "rate_limited");
    forgot(&server, &person.email).await.expect(202);
}

async fn a_new_password_has_to_follow_the_rules(server: Server) {
    let person = Person::found(&server).await;
    forgot(&server, &person.email).await.expect(202);
    let token = server.mailed_token(&person.email, PLACE, &[]).await;
    let all = ["identity.password_length", "identity.password_personal", "identity.password_weak"];
    let faults = reset(&server, &token, "owner1").await.faults(422);
    assert_eq!(faults, all.map(|code| ("/password".to_owned(), code.to_owned())));
    reset(&server, &token, NEW_PASSWORD).await.expect(204);
}

async fn made_up_tokens_are_refused(server: Server) {
    let person = Person::found(&server).await;
    forgot(&server, &person.email).await.expect(202);
    let token = server.mailed_token(&person.email, PLACE, &[]).await;
    let mangled: String = token.chars().rev().collect();
    for made_up in ["", "made-up", &mangled] {
        let refused = reset(&server, made_up, NEW_PASSWORD).await;
        refused.problem(401, "auth.invalid_account_token");
        assert!(refused.header("www-authenticate").is_some());
    }
    // What is good for a password is good for nothing else.
    for path in ["/auth/verify-email", "/auth/confirm-email", "/auth/unlock"] {
        let refused = server.api().post(path, json!({"token": token})).await;
        refused.problem(401, "auth.invalid_account_token");
    }
}

/// Whoever reads the person's mail sets a new password, and signs in with it.
async fn take_over(server: &Server, person: &Person) -> Answer {
    forgot(server, &person.email).await.expect(202);
    let token = server.mailed_token(&person.email, PLACE, &[]).await;
    reset(server, &token, NEW_PASSWORD).await.expect(204);
    login(server, &person.email, NEW_PASSWORD).await
}

async fn nothing_that_a_stranger_added_outlives_the_first_new_password(server: Server) {
    // Somebody registers with an address that is not theirs.
    let (stranger, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    stranger.add_passkey(&mut phone, "Phone").await;
    stranger.enroll_proving(phone.step_up(&stranger.api).await).await;
    let (_, robot) = stranger.token(&["profile:read"]).await;
    let elsewhere = server.api().from_address([127, 0, 5, 2].into());
    phone.sign_in(&elsewhere).await.expect(200);

    let owner = Person::signed_in(&server.api(), &take_over(&server, &stranger).await.expect(200));
    phone.sign_in(&elsewhere).await.problem(401, "auth.invalid_passkey");
    robot.get("/users/me").await.problem(401, "auth.invalid_token");
    assert!(owner.all("/users/me/passkeys").await.is_empty());
    let none = json!({"totp": {"enabled": false, "confirmed_at": null}, "passkeys": 0, "recovery_codes_left": 0});
    assert_eq!(owner.api.get("/users/me/mfa").await.expect(200), none);
    for title in ["Your last passkey was removed", "Your second factor was removed"] {
        let told = || async { server.mails_to(&owner.email).into_iter().find(|mail| mail.contains(title)) };
        eventually(title, told).await;
    }
    for action in ["auth.passkey_removed", "auth.mfa_disabled"] {
        let path = format!("/audit-logs?action={action}");
        eventually(action, || async { owner.all(&path).await.pop() }).await;
    }
}

async fn who_had_verified_their_address_keeps_their_second_factor(server: Server) {
    let (person, mut phone) = (Person::found(&server).await, PasskeyDevice::default());
    server.api().post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, "account/verify-email", &[]).await;
    server.api().post("/auth/verify-email", json!({"token": token})).await.expect(204);
    person.add_passkey(&mut phone, "Phone").await;
    let (_, codes) = person.enroll_proving(phone.step_up(&person.api).await).await;
    let asked = take_over(&server, &person).await.problem(401, "mfa_required");
    let answer = json!({"mfa_token": asked["mfa_token"], "code": codes[0]});
    server.api().post("/auth/mfa/verify", answer).await.expect(200);
    phone.sign_in(&server.api()).await.expect(200);
}
