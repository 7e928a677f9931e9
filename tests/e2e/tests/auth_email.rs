//! `/auth/verify-email` and what depends on it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use tenon_e2e_tests::{
    Answer, Deployment, Options, PASSWORD, Person, Server, on_every_deployment, on_own_servers, text, unique_email,
};

on_every_deployment!(an_address_can_be_verified_where_it_need_not_be, the_mailed_invitation_verifies_its_address);
on_own_servers!(nobody_signs_in_before_their_address_is_verified);

const PLACE: &str = "account/verify-email";

async fn login(server: &Server, email: &str) -> Answer {
    server.api().post("/auth/login", json!({"email": email, "password": PASSWORD})).await
}

async fn verify(server: &Server, token: &str) -> Answer {
    server.api().post("/auth/verify-email", json!({"token": token})).await
}

/// Accepts an invitation with a new account.
async fn accept(server: &Server, token: &str) -> Value {
    let body = json!({"token": token, "display_name": "Nina New", "password": PASSWORD});
    server.api().post("/invitations/accept", body).await.expect(200)
}

async fn an_address_can_be_verified_where_it_need_not_be(server: Server) {
    let person = Person::found(&server).await;
    login(&server, &person.email).await.expect(200);
    server.api().post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, PLACE, &[]).await;
    verify(&server, &token).await.expect(204);
    assert_eq!(person.api.get("/users/me").await.expect(200)["email_verified"], true);
    verify(&server, &token).await.problem(401, "auth.invalid_account_token");
}

async fn the_mailed_invitation_verifies_its_address(server: Server) {
    let owner = Person::found(&server).await;
    let invite = async || {
        let email = unique_email("Nina New");
        let invitation = owner.api.post("/invitations", json!({"email": email, "role": "member"})).await.expect(201);
        (email, text(&invitation, "token"))
    };
    let (_, shown) = invite().await;
    assert_eq!(accept(&server, &shown).await["user"]["email_verified"], false, "the inviter knows this one");
    let (email, shown) = invite().await;
    let mailed = server.mailed_token(&email, "invitations/accept", &[]).await;
    assert_ne!(mailed, shown);
    assert_eq!(accept(&server, &mailed).await["user"]["email_verified"], true);
}

async fn nobody_signs_in_before_their_address_is_verified(deployment: Deployment) {
    let server = Server::start(deployment, Options::default().with("TENON_EMAIL_VERIFICATION", "required")).await;
    let person = Person::found(&server).await;
    // Registering begins a session all the same.
    assert_eq!(person.api.get("/users/me").await.expect(200)["email_verified"], false);
    login(&server, &person.email).await.problem(401, "auth.unverified_email");
    // Nothing is made that would go on being good.
    let token = json!({"name": "Robot", "scopes": ["tasks:read"]});
    person.api.post("/users/me/tokens", token.clone()).await.problem(401, "auth.unverified_email");
    let passkey = json!({"password": PASSWORD});
    person.api.post("/users/me/passkeys/options", passkey.clone()).await.problem(401, "auth.unverified_email");
    let wrong = json!({"email": person.email, "password": "not the password"});
    server.api().post("/auth/login", wrong).await.problem(401, "auth.invalid_credentials");

    let first = server.mailed_token(&person.email, PLACE, &[]).await;
    server.api().post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let second = server.mailed_token(&person.email, PLACE, std::slice::from_ref(&first)).await;
    verify(&server, &first).await.expect(204);
    verify(&server, &second).await.problem(401, "auth.invalid_account_token");
    assert_eq!(login(&server, &person.email).await.expect(200)["user"]["email_verified"], true);
    person.api.post("/users/me/tokens", token).await.expect(201);
    person.api.post("/users/me/passkeys/options", passkey).await.expect(200);

    let email = unique_email("Nina New");
    let invitation = person.api.post("/invitations", json!({"email": email, "role": "member"})).await.expect(201);
    accept(&server, &text(&invitation, "token")).await;
    login(&server, &email).await.problem(401, "auth.unverified_email");
    let token = server.mailed_token(&email, PLACE, &[]).await;
    verify(&server, &token).await.expect(204);
    login(&server, &email).await.expect(200);
}
