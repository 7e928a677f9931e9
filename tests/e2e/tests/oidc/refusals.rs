use std::time::Duration;

use reqwest::{Method, Url};
use serde_json::{Value, json};
use tenon_e2e_tests::processes::free_port;
use tenon_e2e_tests::{PASSWORD, Person, Server, eventually, merged, text};

use crate::Stage;
use crate::browser::Browser;

pub(crate) async fn what_belongs_to_another_browser_is_refused(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &[]).await;
    let (mut hers, mut his) = (Browser::open(&stage.server), Browser::open(&stage.server));
    let (her_way, _) = (hers.start("corp").await, his.start("corp").await);
    let callback = stage.idp.visit(&her_way, "grace").await;
    // He is sent what she was to come back by, and has a sign-in of his own under way.
    assert_eq!(his.come_back(&callback).await, Err("auth.oidc_lost".to_owned()));
    assert_eq!(his.come_back(&callback).await, Err("auth.oidc_lost".to_owned()));
    assert_eq!(hers.come_back(&callback.replace("state=", "state=x")).await, Err("auth.oidc_lost".to_owned()));

    let mut hers = Browser::open(&stage.server);
    let her_way = hers.start(&stage.provider).await;
    let callback = stage.idp.visit(&her_way, "grace").await;
    let before = hers.cookies.clone();
    let code = hers.come_back(&callback).await.unwrap();
    // The same answer again, from a browser that has kept its cookie: the provider takes no code twice.
    let mut replaying = Browser::open(&stage.server);
    replaying.cookies = before;
    assert_eq!(replaying.come_back(&callback).await, Err("auth.oidc_failed".to_owned()));

    let useless = "auth.invalid_sign_in_code";
    his.redeem(&code).await.problem(401, useless);
    hers.redeem("tenon_sic_made_up").await.problem(401, useless);
    let cookies = hers.cookies.clone();
    let foreign = stage.server.api().post("/auth/oidc/token", json!({"code": code}));
    let cookie: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let foreign = foreign.header("cookie", cookie.join("; ")).header("origin", "https://evil.example.com");
    foreign.await.problem(403, "auth.foreign_origin");
    let body = Some(json!({"code": code}));
    let granted = hers.call(Method::POST, "/auth/oidc/token", body, Some("cookie")).await.expect(200);
    assert_eq!(granted["access_token"], Value::Null);
    assert!(hers.cookies.contains_key("__Host-tenon_access") && hers.cookies.contains_key("__Host-tenon_refresh"));
    let mut again = Browser::open(&stage.server);
    again.cookies = cookies;
    again.redeem(&code).await.problem(401, useless);
    for page in ["//evil.example.com", "https://evil.example.com/", "/board%23sign_in_code=mine"] {
        let path = format!("/auth/oidc/corp/start?return_to={page}");
        stage.server.api().get(&path).await.problem(400, "auth.foreign_page");
    }
}

pub(crate) async fn nobody_comes_in_by_an_address_that_is_not_known_to_be_theirs(server: Server) {
    let stage = Stage::new(&server).await;
    stage.idp.know("eve", json!({"email": stage.owner.email, "email_verified": false})).await;
    assert_eq!(stage.refusal(&stage.provider, "eve").await, "auth.oidc_unverified_address");
    assert_eq!(stage.refusal("corp", "eve").await, "auth.oidc_unverified_address");
    stage.idp.know("eve", json!({})).await;
    assert_eq!(stage.refusal(&stage.provider, "eve").await, "auth.oidc_unverified_address");
    stage.know("eve", "eve@example.org", &[]).await;
    assert_eq!(stage.refusal(&stage.provider, "eve").await, "auth.oidc_foreign_address");
    assert_eq!(stage.refusal("corp", "eve").await, "auth.oidc_no_account");
    assert_eq!(stage.refusal(&stage.provider, "nobody").await, "auth.oidc_denied");

    // Whoever founds an organization vouches for nobody in a domain that is not theirs.
    let mallory = Person::found(&stage.server).await;
    let fields = json!({"name": "Trap", "domains": ["example.com"], "provisioning": true});
    let trap = mallory.api.post("/identity-providers", merged(stage.idp.client(), fields)).await.expect(201);
    stage.server.verify_email(&stage.owner.email).await;
    let start = format!("/auth/oidc/{}/start", text(&trap, "id"));
    stage.server.api().get(&start).await.problem(404, "identity_provider.not_found");
    let entries = || async {
        let trail = stage.owner.all("/audit-logs?action=auth.sign_in_failed").await;
        trail.into_iter().next()
    };
    eventually("an entry about it", entries).await;
}

/// Starts at the organization's provider, which sends the browser on to another one with what it was sent with.
pub(crate) async fn what_one_provider_answers_is_not_taken_for_anothers(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &[]).await;
    let (mut hers, mut any) = (Browser::open(&stage.server), Browser::open(&stage.server));
    let (her_way, honest_way) = (hers.start(&stage.provider).await, any.start("corp").await);
    let own_callback = format!("{}/api/v1/auth/oidc/{}/callback", stage.server.root(), stage.provider);
    assert_eq!(parameter(&her_way, "redirect_uri"), own_callback);
    let shown = stage.owner.api.get(format!("/identity-providers/{}", stage.provider)).await.expect(200);
    assert_eq!(text(&shown, "redirect_uri"), own_callback);
    let mut led_astray = honest_way.clone();
    for name in ["state", "nonce", "code_challenge"] {
        led_astray = led_astray.replace(&parameter(&honest_way, name), &parameter(&her_way, name));
    }
    let callback = stage.idp.visit(&led_astray, "grace").await;
    assert!(callback.contains("/auth/oidc/corp/callback?"), "{callback}");
    assert_eq!(hers.come_back(&callback).await, Err("auth.oidc_lost".to_owned()));
}

fn parameter(location: &str, name: &str) -> String {
    let url = Url::parse(location).unwrap();
    let found = url.query_pairs().find(|(given, _)| given == name);
    found.unwrap_or_else(|| panic!("no {name}: {location}")).1.into_owned()
}

/// What the operator lets Tenon call is not for whoever founds an organization.
pub(crate) async fn organizations_reach_no_private_address(server: Server) {
    let stage = Stage::calling(&server, false, "on").await;
    stage.know("grace", "grace@example.com", &[]).await;
    assert_eq!(stage.refusal(&stage.provider, "grace").await, "auth.oidc_away");
    assert_eq!(stage.refusal("corp", "grace").await, "auth.oidc_no_account", "the deployment's provider is called");
}

/// The organization's provider gives an address to somebody else than before.
pub(crate) async fn who_takes_an_address_over_is_not_taken_for_who_had_it(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &["bosses"]).await;
    let grace = stage.sign_in(&stage.provider, "grace").await;
    stage.know("eve", "grace@example.com", &[]).await;
    assert_eq!(stage.refusal(&stage.provider, "eve").await, "auth.oidc_other_identity");
    assert_eq!(stage.role_of(&grace.id).await, "admin");
    assert_eq!(stage.sign_in(&stage.provider, "grace").await.id, grace.id);
    // Once she has another way in, she can give this one up.
    let api = stage.server.api();
    api.post("/auth/forgot-password", json!({"email": grace.email})).await.expect(202);
    let token = stage.server.mailed_token(&grace.email, "account/reset-password", &[]).await;
    api.post("/auth/reset-password", json!({"token": token, "password": PASSWORD})).await.expect(204);
    let login = json!({"email": grace.email, "password": PASSWORD});
    let grace = Person::signed_in(&api, &api.post("/auth/login", login).await.expect(200));
    let path = format!("/users/me/identities/{}", text(&grace.all("/users/me/identities").await[0], "id"));
    grace.api.delete(&path).await.expect(204);
    assert_eq!(stage.sign_in(&stage.provider, "eve").await.id, grace.id);
}

pub(crate) async fn who_is_in_no_group_any_more_loses_their_access(server: Server) {
    let stage = Stage::new(&server).await;
    let path = format!("/identity-providers/{}", stage.provider);
    stage.owner.api.patch(&path, json!({"default_role": null})).await.expect(200);
    stage.know("grace", "grace@example.com", &["bosses"]).await;
    let grace = stage.sign_in(&stage.provider, "grace").await;
    stage.know("grace", "grace@example.com", &[]).await;
    assert_eq!(stage.refusal(&stage.provider, "grace").await, "auth.oidc_no_role");
    grace.api.get("/members").await.problem(401, "auth.ended_session");
    let trail = format!("/audit-logs?resource_id={}&action=organization.member_suspended", grace.id);
    eventually("an entry about it", || async { stage.owner.all(&trail).await.pop() }).await;
    stage.know("grace", "grace@example.com", &["bosses"]).await;
    assert_eq!(stage.refusal(&stage.provider, "grace").await, "auth.suspended");
    stage.owner.api.post(format!("/members/{}/unsuspend", grace.id), None).await.expect(200);
    stage.sign_in(&stage.provider, "grace").await.api.get("/members").await.expect(200);
}

pub(crate) async fn a_code_is_worth_nothing_without_its_provider(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &[]).await;
    let path = format!("/identity-providers/{}", stage.provider);
    let mut browser = Browser::open(&stage.server);
    let code = browser.visit(&stage.idp, &stage.provider, "grace").await.unwrap();
    stage.owner.api.patch(&path, json!({"enabled": false})).await.expect(200);
    browser.redeem(&code).await.problem(401, "auth.invalid_sign_in_code");
    stage.owner.api.patch(&path, json!({"enabled": true})).await.expect(200);
    let code = browser.visit(&stage.idp, &stage.provider, "grace").await.unwrap();
    stage.owner.api.delete(&path).await.expect(204);
    browser.redeem(&code).await.problem(401, "auth.invalid_sign_in_code");
}

/// Keys that were fetched a moment ago are not fetched again.
async fn pause() {
    tokio::time::sleep(Duration::from_secs(5)).await;
}

pub(crate) async fn a_provider_may_change_its_keys_and_go_away(server: Server) {
    let stage = Stage::with(&server, true).await;
    stage.know("grace", "grace@example.com", &[]).await;
    stage.sign_in(&stage.provider, "grace").await;
    stage.idp.rotate().await;
    pause().await;
    stage.sign_in(&stage.provider, "grace").await;

    let mut browser = Browser::open(&stage.server);
    let location = browser.start(&stage.provider).await;
    let callback = stage.idp.visit(&location, "grace").await;
    stage.idp.go_away();
    assert_eq!(browser.come_back(&callback).await, Err("auth.oidc_away".to_owned()));
    // Of one that never answered, nothing is known.
    let nowhere = json!({
        "name": "Nowhere", "issuer": format!("http://127.0.0.1:{}", free_port()), "client_id": "x",
        "domains": ["example.com"],
    });
    let nowhere = text(&stage.owner.api.post("/identity-providers", nowhere).await.expect(201), "id");
    assert_eq!(stage.refusal(&nowhere, "grace").await, "auth.oidc_away");
    stage.owner.api.get("/users/me").await.expect(200);

    stage.idp.go_on().await;
    pause().await;
    stage.know("grace", "grace@example.com", &[]).await;
    stage.sign_in(&stage.provider, "grace").await;
}
