//! `/auth/*` and `/users/me`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{JWT_SECRET, PASSWORD, Person, Server, array, on_every_deployment, text, tokens, unique_email};

on_every_deployment!(
    registering_signs_in,
    registering_reports_all_faults_at_once,
    a_new_password_is_neither_personal_nor_easy_to_guess,
    an_address_registers_once,
    reserved_names_are_nobodys_addresses,
    signing_in_answers_like_registering,
    signing_in_does_not_tell_which_addresses_exist,
    long_passwords_are_not_truncated,
    refresh_tokens_are_spent_once,
    logging_out_takes_effect_at_once,
    tokens_that_are_not_genuine_are_refused,
    a_profile_is_read_and_changed,
    switching_organizations_moves_the_session,
    sign_ins_are_audited,
);

fn check_grant(granted: &Value) {
    assert_eq!(granted["token_type"], "Bearer");
    assert_eq!(granted["expires_in"], 900);
    assert!(text(granted, "refresh_token").len() > 40);
    let claims = tokens::claims(&text(granted, "access_token"));
    assert_eq!(claims["sub"], granted["user"]["id"]);
    assert_eq!(claims["org"], granted["organization"]["id"]);
    assert_eq!(claims["role"], granted["organization"]["role"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    for claim in ["sid", "iss", "aud"] {
        assert!(!claims[claim].is_null(), "no {claim} in {claims}");
    }
}

async fn registering_signs_in(server: Server) {
    let api = server.api();
    let email = unique_email("Grace");
    let body = json!({
        "email": email, "password": PASSWORD, "display_name": "Grace Hopper", "organization_name": "Compilers",
    });
    let granted = api.post("/auth/register", body).await.expect(201);
    check_grant(&granted);
    assert_eq!(granted["user"]["email"], email);
    assert_eq!(granted["user"]["display_name"], "Grace Hopper");
    assert_eq!(granted["organization"]["name"], "Compilers");
    assert_eq!(granted["organization"]["role"], "owner");
    let me = api.with_token(&text(&granted, "access_token")).get("/users/me").await.expect(200);
    assert_eq!(me["id"], granted["user"]["id"]);
}

async fn registering_reports_all_faults_at_once(server: Server) {
    let body = json!({"email": "nobody", "password": "short", "display_name": "", "organization_name": "x"});
    let faults = server.api().post("/auth/register", body).await.faults(422);
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/display_name", "/email", "/password", "/password"], "{faults:?}");
    let codes: Vec<_> = faults[2..].iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["identity.password_length", "identity.password_weak"]);
    let body = json!({"email": unique_email("N"), "password": PASSWORD, "display_name": "N", "organization_name": ""});
    let faults = server.api().post("/auth/register", body).await.faults(422);
    assert_eq!(faults, [("/organization_name".to_owned(), "organization.name_length".to_owned())]);
}

async fn a_new_password_is_neither_personal_nor_easy_to_guess(server: Server) {
    let register = async |password: &str| {
        let body = json!({
            "email": unique_email("Countess"), "password": password, "display_name": "Ada Lovelace",
            "organization_name": "Analytical Engines",
        });
        server.api().post("/auth/register", body).await
    };
    register("Password123!").await.problem(422, "identity.password_weak");
    register("my lovelace, my moth, my relay").await.problem(422, "identity.password_personal");
    register("a countess among engines").await.problem(422, "identity.password_personal");
    let all = ["identity.password_length", "identity.password_personal", "identity.password_weak"];
    let faults = register("lovelace").await.faults(422);
    assert_eq!(faults, all.map(|code| ("/password".to_owned(), code.to_owned())));
}

async fn an_address_registers_once(server: Server) {
    let known = Person::found(&server).await;
    let body = json!({
        "email": known.email.to_uppercase(), "password": PASSWORD, "display_name": "Somebody", "organization_name": "Else",
    });
    server.api().post("/auth/register", body).await.problem(409, "identity.email_taken");
}

async fn reserved_names_are_nobodys_addresses(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    for email in [format!("{}@deleted.invalid", member.id), "mia@Service.INVALID".to_owned()] {
        let register = json!({
            "email": email, "password": PASSWORD, "display_name": "Somebody", "organization_name": "Else",
        });
        let faults = server.api().post("/auth/register", register).await.faults(422);
        assert_eq!(faults, [("/email".to_owned(), "identity.email_format".to_owned())]);
        let invitation = owner.api.post("/invitations", json!({"email": email, "role": "member"})).await;
        invitation.problem(422, "identity.email_format");
        let change = json!({"current_password": PASSWORD, "new_email": email});
        owner.api.post("/users/me/email", change).await.problem(422, "identity.email_format");
    }
    let body = json!({"password": PASSWORD});
    member.api.call(reqwest::Method::DELETE, "/users/me", Some(body)).await.expect(204);
}

async fn signing_in_answers_like_registering(server: Server) {
    let known = Person::found(&server).await;
    let body = json!({"email": known.email, "password": PASSWORD});
    let granted = server.api().post("/auth/login", body).await.expect(200);
    check_grant(&granted);
    assert_eq!(text(&granted["user"], "id"), known.id);
    assert_eq!(text(&granted["organization"], "id"), known.organization_id);
}

async fn signing_in_does_not_tell_which_addresses_exist(server: Server) {
    let known = Person::found(&server).await;
    let api = server.api();
    let wrong = api.post("/auth/login", json!({"email": known.email, "password": "not the password"})).await;
    let unknown =
        api.post("/auth/login", json!({"email": unique_email("Nobody"), "password": "not the password"})).await;
    let mut wrong_problem = wrong.problem(401, "auth.invalid_credentials");
    let mut unknown_problem = unknown.problem(401, "auth.invalid_credentials");
    for problem in [&mut wrong_problem, &mut unknown_problem] {
        problem["request_id"] = Value::Null;
    }
    assert_eq!(wrong_problem, unknown_problem);
    assert!(wrong.header("www-authenticate").is_some());
}

async fn long_passwords_are_not_truncated(server: Server) {
    let api = server.api();
    let email = unique_email("Long");
    // What bcrypt looks at, and then some.
    let beginning = format!("correct horse battery staple {}", "ä".repeat(50));
    let password = format!("{beginning}end");
    let body = json!({"email": email, "password": password, "display_name": "Long", "organization_name": "Long"});
    api.post("/auth/register", body).await.expect(201);
    let other_end = format!("{beginning}END");
    let refused = api.post("/auth/login", json!({"email": email, "password": other_end})).await;
    refused.problem(401, "auth.invalid_credentials");
    api.post("/auth/login", json!({"email": email, "password": password})).await.expect(200);
}

async fn refresh_tokens_are_spent_once(server: Server) {
    let person = Person::found(&server).await;
    let api = server.api();
    let refreshed = api.post("/auth/refresh", json!({"refresh_token": person.refresh_token})).await.expect(200);
    check_grant(&refreshed);
    assert_ne!(text(&refreshed, "refresh_token"), person.refresh_token);
    // The answer may have been lost.
    let again = api.post("/auth/refresh", json!({"refresh_token": person.refresh_token})).await.expect(200);
    assert_eq!(again["refresh_token"], refreshed["refresh_token"]);
    let made_up = api.post("/auth/refresh", json!({"refresh_token": "tenon_rt_0_0"})).await;
    made_up.problem(401, "auth.invalid_refresh_token");
}

async fn logging_out_takes_effect_at_once(server: Server) {
    let person = Person::found(&server).await;
    let other =
        server.api().post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await.expect(200);
    person.api.get("/users/me").await.expect(200);
    person.api.post("/auth/logout", None).await.expect(204);
    person.api.get("/users/me").await.problem(401, "auth.ended_session");
    let refresh = server.api().post("/auth/refresh", json!({"refresh_token": person.refresh_token})).await;
    refresh.problem(401, "auth.invalid_refresh_token");
    // Other sessions go on.
    person.api.with_token(&text(&other, "access_token")).get("/users/me").await.expect(200);
}

async fn tokens_that_are_not_genuine_are_refused(server: Server) {
    let person = Person::found(&server).await;
    let claims = tokens::claims(person.api.token());
    // The claims as they are are accepted when they are signed with the right secret: so what follows tests signatures.
    person.api.with_token(&tokens::sign(&claims, JWT_SECRET)).get("/users/me").await.expect(200);
    let forged = tokens::sign(&claims, "another secret that is long enough to be one 0123456789");
    for token in [forged, tokens::unsigned(&claims), "nonsense".to_owned()] {
        let refused = person.api.with_token(&token).get("/users/me").await;
        refused.problem(401, "auth.invalid_token");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    let expired = tokens::sign(&tokens::expired(&claims), JWT_SECRET);
    person.api.with_token(&expired).get("/users/me").await.problem(401, "auth.expired_token");
    let mut elsewhere = claims.clone();
    elsewhere["aud"] = json!("somebody-else");
    person
        .api
        .with_token(&tokens::sign(&elsewhere, JWT_SECRET))
        .get("/users/me")
        .await
        .problem(401, "auth.invalid_token");
    person.api.without_token().get("/users/me").await.problem(401, "auth.missing_token");
}

async fn a_profile_is_read_and_changed(server: Server) {
    let person = Person::found(&server).await;
    let me = person.api.get("/users/me").await;
    let before = me.expect(200);
    assert_eq!(before["display_name"], "Ada Owner");
    let changed = person.api.patch("/users/me", json!({"display_name": "Ada Lovelace"})).header("if-match", me.etag());
    let changed = changed.await.expect(200);
    assert_eq!(changed["display_name"], "Ada Lovelace");
    assert_eq!(changed["version"], before["version"].as_i64().unwrap() + 1);
    let stale = person.api.patch("/users/me", json!({"display_name": "Late"})).header("if-match", me.etag()).await;
    stale.problem(412, "version.stale");
    let fault = person.api.patch("/users/me", json!({"display_name": ""})).await;
    fault.problem(422, "identity.display_name_length");
}

async fn switching_organizations_moves_the_session(server: Server) {
    let person = Person::found(&server).await;
    let second = person.api.post("/organizations", json!({"name": "Second"})).await.expect(201);
    let body = json!({"organization_id": second["id"]});
    let granted = person.api.post("/auth/switch-organization", body).await.expect(200);
    check_grant(&granted);
    assert_eq!(granted["organization"]["id"], second["id"]);
    let there = person.api.with_token(&text(&granted, "access_token"));
    assert_eq!(there.get("/organizations/current").await.expect(200)["name"], "Second");
    let stranger = Person::found(&server).await;
    let body = json!({"organization_id": second["id"]});
    stranger.api.post("/auth/switch-organization", body).await.problem(404, "organization.not_found");
}

async fn sign_ins_are_audited(server: Server) {
    let person = Person::found(&server).await;
    let api = server.api();
    api.post("/auth/login", json!({"email": person.email, "password": "not the password"})).await.expect(401);
    api.post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await.expect(200);
    for action in ["auth.sign_in_failed", "auth.signed_in"] {
        let path = format!("/audit-logs?action={action}");
        let entry = tenon_e2e_tests::eventually(action, || async {
            array(&person.api.get(&path).await.expect(200)).into_iter().next()
        })
        .await;
        assert!(entry["ip"].is_string() && entry["request_id"].is_string(), "{entry}");
        if action == "auth.sign_in_failed" {
            assert_eq!(entry["changes"], json!([{"field": "reason", "from": null, "to": "wrong_password"}]));
        }
    }
}
