//! `X-Auth-Mode: cookie` and `/auth/csrf`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{Answer, Api, Call, PASSWORD, Person, Server, array, on_every_deployment, text, unique_email};

on_every_deployment!(
    signing_in_sets_cookies_instead_of_answering_tokens,
    every_way_in_sets_cookies,
    what_changes_something_needs_the_token_of_the_session,
    pages_of_others_are_refused,
    a_cookie_is_refreshed,
    signing_out_removes_the_cookies,
    cookies_and_tokens_do_not_mix,
);

const ACCESS: &str = "__Host-tenon_access";
const REFRESH: &str = "__Host-tenon_refresh";
const CSRF: &str = "__Host-tenon_csrf";

/// Keeps cookies and sends them back.
struct Browser {
    api: Api,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn open(server: &Server) -> Self {
        Self { api: server.api(), cookies: BTreeMap::new() }
    }

    async fn sign_in(server: &Server, person: &Person) -> Self {
        let mut browser = Self::open(server);
        let body = json!({"email": person.email, "password": PASSWORD});
        browser.enter("/auth/login", body).await.expect(200);
        browser
    }

    /// A request with the cookies.
    fn call(&self, method: Method, path: &str, body: impl Into<Option<Value>>) -> Call {
        let call = self.api.call(method, path, body.into());
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { call } else { call.header("cookie", cookies.join("; ")) }
    }

    /// A request that asks for cookies.
    async fn enter(&mut self, path: &str, body: Value) -> Answer {
        let answer = self.call(Method::POST, path, body).header("x-auth-mode", "cookie").await;
        self.keep(&answer);
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    async fn csrf_token(&mut self) -> String {
        let answer = self.get("/auth/csrf").await;
        self.keep(&answer);
        let token = text(&answer.expect(200), "csrf_token");
        assert_eq!(self.cookies[CSRF], token);
        token
    }

    fn rename(&self, csrf_token: &str) -> Call {
        self.call(Method::PATCH, "/users/me", json!({"display_name": "Ada"})).header("x-csrf-token", csrf_token)
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let attributes: Vec<_> = attributes.split("; ").collect();
            for attribute in ["Path=/", "Secure", "SameSite=Lax"] {
                assert!(attributes.contains(&attribute), "{name}: {attributes:?}");
            }
            assert_eq!(attributes.contains(&"HttpOnly"), name != CSRF, "{name}");
            if attributes.contains(&"Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    fn names(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }
}

/// What is answered together with cookies.
fn check_body(granted: &Value) {
    assert_eq!((&granted["access_token"], &granted["refresh_token"]), (&Value::Null, &Value::Null));
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Cookie"), &json!(900)));
    assert!(granted["user"]["id"].is_string() && granted["organization"]["id"].is_string(), "{granted}");
}

async fn signing_in_sets_cookies_instead_of_answering_tokens(server: Server) {
    let person = Person::found(&server).await;
    let mut browser = Browser::open(&server);
    let body = json!({"email": person.email, "password": PASSWORD});
    let answer = browser.enter("/auth/login", body.clone()).await;
    check_body(&answer.expect(200));
    assert_eq!(browser.names(), [ACCESS, REFRESH]);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies[0].contains("Max-Age=900;") && cookies[1].contains("Max-Age=2592000;"), "{cookies:?}");
    assert!(!answer.text.contains(&browser.cookies[ACCESS]) && !answer.text.contains(&browser.cookies[REFRESH]));
    assert_eq!(browser.get("/users/me").await.expect(200)["id"], person.id.as_str());

    let without = server.api().post("/auth/login", body.clone()).await;
    assert_eq!(without.header("set-cookie"), None);
    assert!(without.expect(200)["access_token"].is_string());
    let unknown = server.api().post("/auth/login", body.clone()).header("x-auth-mode", "carrier-pigeon").await;
    unknown.problem(400, "auth.unknown_mode");

    // What a browser still has is in nobody's way.
    browser.cookies.insert(ACCESS.to_owned(), "stale".to_owned());
    browser.get("/users/me").await.problem(401, "auth.invalid_token");
    browser.enter("/auth/login", body).await.expect(200);
    browser.get("/users/me").await.expect(200);
}

async fn every_way_in_sets_cookies(server: Server) {
    let mut browser = Browser::open(&server);
    let register = json!({
        "email": unique_email("Ada"), "password": PASSWORD, "display_name": "Ada", "organization_name": "Engines",
    });
    check_body(&browser.enter("/auth/register", register).await.expect(201));
    let csrf_token = browser.csrf_token().await;
    let elsewhere = browser.call(Method::POST, "/organizations", json!({"name": "Elsewhere"}));
    let elsewhere = elsewhere.header("x-csrf-token", &csrf_token).await.expect(201);

    // Who is signed in by cookies is never answered tokens.
    let switch = browser.call(Method::POST, "/auth/switch-organization", json!({"organization_id": elsewhere["id"]}));
    let switched = switch.header("x-csrf-token", &csrf_token).await;
    check_body(&switched.expect(200));
    browser.keep(&switched);
    assert_eq!(browser.get("/organizations/current").await.expect(200)["id"], elsewhere["id"]);

    let owner = Person::found(&server).await;
    let invited = json!({"email": unique_email("Grace"), "role": "member"});
    let invited = owner.api.post("/invitations", invited).await.expect(201);
    let accept = json!({"token": text(&invited, "token"), "display_name": "Grace", "password": PASSWORD});
    let mut invitee = Browser::open(&server);
    check_body(&invitee.enter("/invitations/accept", accept).await.expect(200));
    invitee.get("/users/me").await.expect(200);

    let (mut app, _) = owner.enroll().await;
    let mut browser = Browser::open(&server);
    let login = browser.enter("/auth/login", json!({"email": owner.email, "password": PASSWORD})).await;
    let token = text(&login.problem(401, "mfa_required"), "mfa_token");
    assert!(browser.names().is_empty());
    let code = app.next_code().await;
    check_body(&browser.enter("/auth/mfa/verify", json!({"mfa_token": token, "code": code})).await.expect(200));
    browser.get("/users/me").await.expect(200);
}

async fn what_changes_something_needs_the_token_of_the_session(server: Server) {
    let person = Person::found(&server).await;
    let mut browser = Browser::sign_in(&server, &person).await;
    browser.rename("anything").await.problem(403, "auth.csrf_missing");
    let csrf_token = browser.csrf_token().await;
    browser.call(Method::PATCH, "/users/me", json!({"display_name": "Ada"})).await.problem(403, "auth.csrf_missing");
    browser.rename("").await.problem(403, "auth.csrf_invalid");
    browser.rename(&csrf_token[1..]).await.problem(403, "auth.csrf_invalid");
    browser.rename(&csrf_token).await.expect(200);
    assert_eq!(browser.csrf_token().await, csrf_token, "another page of the browser gets the same one");

    // A genuine token of somebody else, with its cookie, as a sibling domain might plant it.
    let mut other = Browser::sign_in(&server, &Person::found(&server).await).await;
    let planted = other.csrf_token().await;
    browser.rename(&planted).await.problem(403, "auth.csrf_invalid");
    browser.cookies.insert(CSRF.to_owned(), planted.clone());
    browser.rename(&planted).await.problem(403, "auth.csrf_invalid");
    assert_ne!(browser.csrf_token().await, planted);

    person.api.patch("/users/me", json!({"display_name": "Ada"})).await.expect(200);
    let (_, robot) = person.token(&["tasks:read"]).await;
    robot.get("/auth/csrf").await.problem(403, "auth.session_required");
}

async fn pages_of_others_are_refused(server: Server) {
    let person = Person::found(&server).await;
    let mut browser = Browser::sign_in(&server, &person).await;
    let csrf_token = browser.csrf_token().await;
    for foreign in ["https://evil.example.com", "null"] {
        browser.rename(&csrf_token).header("origin", foreign).await.problem(403, "auth.foreign_origin");
        let login = server.api().post("/auth/login", json!({"email": person.email, "password": PASSWORD}));
        let login = login.header("x-auth-mode", "cookie").header("origin", foreign).await;
        login.problem(403, "auth.foreign_origin");
    }
    browser.rename(&csrf_token).header("origin", server.root()).await.expect(200);
    let by_token = person.api.patch("/users/me", json!({"display_name": "Ada"}));
    by_token.header("origin", "https://evil.example.com").await.expect(200);
}

async fn a_cookie_is_refreshed(server: Server) {
    let mut browser = Browser::sign_in(&server, &Person::found(&server).await).await;
    let csrf_token = browser.csrf_token().await;
    let before = browser.cookies.clone();
    // The browser has forgotten the access token by then.
    browser.cookies.remove(ACCESS);
    browser.get("/users/me").await.problem(401, "auth.missing_token");
    check_body(&browser.enter("/auth/refresh", json!({})).await.expect(200));
    assert_ne!(browser.cookies[REFRESH], before[REFRESH]);
    browser.rename(&csrf_token).await.expect(200);

    let given = json!({"refresh_token": browser.cookies[REFRESH]});
    browser.enter("/auth/refresh", given).await.problem(400, "auth.mixed_credentials");
    browser.cookies.remove(REFRESH);
    browser.enter("/auth/refresh", json!({})).await.problem(401, "auth.missing_refresh_token");
    server.api().post("/auth/refresh", json!({})).await.problem(401, "auth.missing_refresh_token");
    // Without the header, the cookie is not looked at.
    browser.cookies.insert(REFRESH.to_owned(), before[REFRESH].clone());
    let body = browser.call(Method::POST, "/auth/refresh", json!({})).await;
    body.problem(401, "auth.missing_refresh_token");
    // But it is one too many beside another token.
    let given = json!({"refresh_token": before[REFRESH]});
    browser.call(Method::POST, "/auth/refresh", given).await.problem(400, "auth.mixed_credentials");
}

async fn signing_out_removes_the_cookies(server: Server) {
    let person = Person::found(&server).await;
    for path in ["/auth/logout", "/auth/logout-all"] {
        let mut browser = Browser::sign_in(&server, &person).await;
        let csrf_token = browser.csrf_token().await;
        let old = browser.cookies.clone();
        let answer = browser.call(Method::POST, path, None).header("x-csrf-token", &csrf_token).await;
        answer.expect(204);
        browser.keep(&answer);
        assert!(browser.names().is_empty(), "{:?}", browser.cookies);
        browser.cookies = old;
        browser.get("/users/me").await.problem(401, "auth.ended_session");
        browser.enter("/auth/refresh", json!({})).await.problem(401, "auth.invalid_refresh_token");
    }
    let mut browser = Browser::sign_in(&server, &person).await;
    let other = Browser::sign_in(&server, &person).await;
    let csrf_token = browser.csrf_token().await;
    let end = async |of: &Browser| {
        let sessions = array(&of.get("/auth/sessions").await.expect(200));
        let session = sessions.iter().find(|session| session["current"] == true).unwrap();
        let path = format!("/auth/sessions/{}", text(session, "id"));
        browser.call(Method::DELETE, &path, None).header("x-csrf-token", &csrf_token).await
    };
    let of_another = end(&other).await;
    of_another.expect(204);
    assert_eq!(of_another.header("set-cookie"), None);
    let own = end(&browser).await;
    own.expect(204);
    browser.keep(&own);
    assert!(browser.names().is_empty(), "{:?}", browser.cookies);
    let by_token = Person::found(&server).await.api.post("/auth/logout", None).await;
    by_token.expect(204);
    assert_eq!(by_token.header("set-cookie"), None);
}

async fn cookies_and_tokens_do_not_mix(server: Server) {
    let person = Person::found(&server).await;
    let browser = Browser::sign_in(&server, &person).await;
    for authorization in [format!("Bearer {}", person.api.token()), "Basic dTpw".to_owned()] {
        let both = browser.call(Method::GET, "/users/me", None).header("authorization", &authorization).await;
        both.problem(400, "auth.mixed_credentials");
    }
    // Of other cookies nobody takes notice.
    person.api.get("/users/me").header("cookie", "theme=dark").await.expect(200);
    let (_, robot) = person.token(&["tasks:read"]).await;
    let cookie = format!("{ACCESS}={}", robot.token());
    server.api().get("/tasks").header("cookie", cookie).await.problem(401, "auth.invalid_token");
}
