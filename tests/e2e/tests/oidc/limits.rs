use reqwest::Method;
use serde_json::json;
use tenon_e2e_tests::{Options, Server, merged, text};

use crate::Stage;
use crate::browser::{Browser, location};

pub(crate) async fn a_page_comes_back_however_long_or_is_refused_at_once(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &[]).await;
    let start = |page: &str| format!("/auth/oidc/{}/start?return_to={page}", stage.provider);
    let api = stage.server.api();
    // Twice as long once it is written with percent signs, as it comes back.
    let page = format!("/{}", "ä".repeat(500));
    api.get(start(&page)).await.problem(400, "auth.page_too_long");
    let page = format!("/{}", "ä".repeat(300));
    let mut browser = Browser::open(&stage.server);
    let there = location(&browser.call(Method::GET, &start(&page), None, None).await);
    let back = stage.idp.visit(&there, "grace").await;
    let path = back.strip_prefix(&format!("{}/api/v1", stage.server.root())).unwrap();
    let told = location(&browser.call(Method::GET, path, None, None).await);
    let expected = format!("{}/{}#sign_in_code=", stage.server.root(), "%C3%A4".repeat(300));
    assert!(told.starts_with(&expected), "{told}");
}

pub(crate) async fn who_comes_too_often_is_told_so_at_their_page(server: Server) {
    let options = Options::default()
        .with("TENON_OUTBOUND_PRIVATE", "tenants")
        .with("TENON_RATE_LIMITS", "on")
        .with("TENON_RATE_LIMIT_AUTH", "100/10m")
        .with("TENON_RATE_LIMIT_OPEN", "2/10m");
    let stage = Stage::set(&server, false, options).await;
    let (api, page) = (stage.server.api(), format!("{}/board", stage.server.root()));
    let mut browser = Browser::open(&stage.server);
    browser.start("corp").await;
    api.get("/auth/providers").await.expect(200);

    let refused = api.get("/auth/oidc/corp/start?return_to=/board").await;
    assert_eq!(location(&refused), format!("{page}#error=rate_limited"));
    assert!(refused.header("ratelimit-policy").unwrap().starts_with("\"open\";q=2;w=600"), "{:?}", refused.headers);
    assert!(refused.header("ratelimit").unwrap().contains("r=0;"), "{:?}", refused.headers);
    let nowhere = api.get("/auth/oidc/corp/start?return_to=//evil.example.com").await;
    assert_eq!(location(&nowhere), format!("{}/#error=rate_limited", stage.server.root()));
    let callback = "/auth/oidc/corp/callback?code=x&state=y";
    let returned = browser.call(Method::GET, callback, None, None).await;
    assert_eq!(location(&returned), format!("{page}#error=rate_limited"), "where it started");
    // What a page asks by itself is answered as usual, and nobody else is shut out.
    api.get("/auth/providers").await.problem(429, "rate_limited");
    stage.owner.api.get("/users/me").await.expect(200);
}

pub(crate) async fn the_doctor_asks_identity_providers(server: Server) {
    let stage = Stage::new(&server).await;
    let (healthy, report) = stage.server.tenon(&["doctor"]);
    assert!(healthy && report.contains("✔ providers"), "{report}");
    let provisioning = |organization: &str| {
        let fields = json!({"key": "corp", "name": "Corp", "provisioning": true, "organization": organization});
        Options::default().with("TENON_OIDC_PROVIDERS", json!([merged(stage.idp.client(), fields)]))
    };
    let own = text(&stage.owner.api.get("/organizations/current").await.expect(200), "id");
    let (healthy, report) = stage.server.tenon_with(&["doctor"], provisioning(&own));
    assert!(healthy && report.contains("✔ provisioning"), "{report}");
    let nobodys = "01998a7c-0000-7000-8000-000000000000";
    let (healthy, report) = stage.server.tenon_with(&["doctor"], provisioning(nobodys));
    assert!(!healthy && report.contains("✘ provisioning") && report.contains(nobodys), "{report}");
    stage.idp.go_away();
    let (healthy, report) = stage.server.tenon(&["doctor"]);
    assert!(!healthy && report.contains("TENON_OIDC_PROVIDERS"), "{report}");
}
