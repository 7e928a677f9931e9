//! Passwords, second factors, passkeys, identity providers and tokens.

use reqwest::Method;
use serde_json::json;
use tenon_e2e_tests::openapi_document::unreachable_provider;
use tenon_e2e_tests::{
    Answer, Api, IdentityProvider, Options, PASSWORD, PasskeyDevice, Person, Server, proving, text, unique_email,
};

/// Uses what changes passwords and addresses, and the links that are mailed for it.
pub(super) async fn tour_of_credentials(server: &Server, api: &Api) {
    let person = Person::found_with(api).await;
    api.post("/auth/verify-email/resend", json!({"email": person.email})).await.expect(202);
    let token = server.mailed_token(&person.email, "account/verify-email", &[]).await;
    api.post("/auth/verify-email", json!({"token": token})).await.expect(204);
    let passwords = json!({"current_password": PASSWORD, "new_password": "a quieter place for staples"});
    person.api.post("/users/me/password", passwords).await.expect(204);
    let email = unique_email("Countess");
    let change = json!({"current_password": "a quieter place for staples", "new_email": email});
    person.api.post("/users/me/email", change).await.expect(202);
    let token = server.mailed_token(&email, "account/confirm-email", &[]).await;
    api.post("/auth/confirm-email", json!({"token": token})).await.expect(204);
    api.post("/auth/forgot-password", json!({"email": email})).await.expect(202);
    let token = server.mailed_token(&email, "account/reset-password", &[]).await;
    api.post("/auth/reset-password", json!({"token": token, "password": PASSWORD})).await.expect(204);
}

/// Sets an authenticator app up, signs in with it and removes it.
pub(super) async fn tour_of_second_factors(api: &Api) {
    let person = Person::found_with(api).await;
    let (mut app, codes) = person.enroll().await;
    person.api.get("/users/me/mfa").await.expect(200);
    person.api.post("/users/me/mfa/recovery-codes", json!({"code": codes[0]})).await.expect(200);
    let login = api.post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await;
    let token = text(&login.problem(401, "mfa_required"), "mfa_token");
    let code = app.next_code().await;
    api.post("/auth/mfa/verify", json!({"mfa_token": token, "code": code})).await.expect(200);
    let code = json!({"code": app.next_code().await});
    person.api.call(Method::DELETE, "/users/me/mfa/totp", Some(code)).await.expect(204);
}

/// Adds a passkey, signs in with it in both ways, and removes it with itself.
pub(super) async fn tour_of_passkeys(api: &Api) {
    let (person, mut device) = (Person::found_with(api).await, PasskeyDevice::default());
    let passkey = person.add_passkey(&mut device, "Phone").await;
    person.api.get("/users/me/passkeys").await.expect(200);
    let path = format!("/users/me/passkeys/{}", text(&passkey, "id"));
    person.api.get(&path).await.expect(200);
    person.api.patch(&path, json!({"name": "Old phone"})).await.expect(200);
    device.sign_in(api).await.expect(200);
    let login = api.post("/auth/login", json!({"email": person.email, "password": PASSWORD})).await;
    let token = text(&login.problem(401, "mfa_required"), "mfa_token");
    let answer = device.second_factor(api, &token).await;
    api.post("/auth/mfa/verify", answer).await.expect(200);
    let proof = device.step_up(&person.api).await;
    person.api.call(Method::DELETE, &path, Some(proving(proof))).await.expect(204);
}

/// Signs in by an identity provider, where there is one.
pub(super) async fn tour_of_single_sign_on(server: &Server, api: &Api) {
    let idp = IdentityProvider::start(true).await;
    let mut provider = idp.client();
    provider["key"] = json!("corp");
    provider["name"] = json!("Corp");
    let options =
        Options::default().with("TENON_OUTBOUND_PRIVATE", "on").with("TENON_OIDC_PROVIDERS", json!([provider]));
    let server = Server::start(server.deployment(), options).await;
    let api = &api.at(server.root());
    let person = Person::found_with(api).await;
    server.verify_email(&person.email).await;
    idp.know("ada", json!({"email": person.email, "email_verified": true})).await;
    api.get("/auth/providers").await.expect(200);
    let started = api.get("/auth/oidc/corp/start").await;
    let back = idp.visit(started.header("location").expect("an address"), "ada").await;
    let callback = back.strip_prefix(&format!("{}/api/v1", server.root())).expect("the way back").to_owned();
    let cookies = |answer: &Answer| {
        let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        cookies.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
    };
    let returned = api.get(&callback).header("cookie", cookies(&started)).await;
    let (_, code) = returned.header("location").unwrap().split_once("#sign_in_code=").expect("a code");
    let redeem = api.post("/auth/oidc/token", json!({"code": code})).header("cookie", cookies(&returned)).await;
    let person = Person::signed_in(api, &redeem.expect(200));
    let identity = person.all("/users/me/identities").await.remove(0);
    person.api.delete(format!("/users/me/identities/{}", text(&identity, "id"))).await.expect(204);

    let made = person.api.post("/identity-providers", unreachable_provider("Staff")).await.expect(201);
    person.api.get("/identity-providers").await.expect(200);
    let path = format!("/identity-providers/{}", text(&made, "id"));
    person.api.get(&path).await.expect(200);
    person.api.patch(&path, json!({"enabled": false})).await.expect(200);
    person.api.delete(&path).await.expect(204);
}

/// Makes tokens, of a person's own and of a program, and revokes them.
pub(super) async fn tour_of_tokens(owner: &Person) {
    let token = json!({"name": "Robot", "scopes": ["tasks:read"]});
    let own = owner.api.post("/users/me/tokens", token.clone()).await.expect(201);
    owner.api.get("/users/me/tokens").await.expect(200);
    let program = json!({"name": "Importer", "role": "member"});
    let program = owner.api.post("/service-accounts", program).await.expect(201);
    owner.api.get("/service-accounts").await.expect(200);
    let program = format!("/service-accounts/{}", text(&program, "id"));
    owner.api.get(&program).await.expect(200);
    owner.api.patch(&program, json!({"name": "Nightly importer"})).await.expect(200);
    let its = owner.api.post(format!("{program}/tokens"), token).await.expect(201);
    owner.api.get("/organizations/current/tokens").await.expect(200);
    owner.api.get(format!("{program}/tokens")).await.expect(200);
    for path in [
        format!("/users/me/tokens/{}", text(&own, "id")),
        format!("/organizations/current/tokens/{}", text(&its, "id")),
    ] {
        owner.api.get(&path).await.expect(200);
        owner.api.delete(&path).await.expect(204);
    }
    owner.api.delete(&program).await.expect(204);
}
