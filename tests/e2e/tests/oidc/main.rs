//! `/auth/oidc`, `/auth/providers`, `/users/me/identities` and `/identity-providers`, with a real provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod browser;
mod limits;
mod providers;
mod refusals;
mod slow;

use serde_json::{Value, json};
use tenon_e2e_tests::{
    IdentityProvider, NameServer, Options, PASSWORD, Person, Server, array, eventually, merged, on_every_deployment,
    text,
};

use self::browser::Browser;
use self::limits::*;
use self::providers::*;
use self::refusals::*;
use self::slow::*;

on_every_deployment!(
    a_newcomer_gets_an_account_and_the_role_of_their_groups,
    groups_give_custom_roles_of_the_organization,
    an_account_is_linked_and_given_up,
    a_second_factor_is_asked_for_all_the_same,
    what_belongs_to_another_browser_is_refused,
    nobody_comes_in_by_an_address_that_is_not_known_to_be_theirs,
    a_provider_may_change_its_keys_and_go_away,
    what_one_provider_answers_is_not_taken_for_anothers,
    organizations_reach_no_private_address,
    an_organization_whose_provider_hangs_stops_nobody_else,
    who_takes_an_address_over_is_not_taken_for_who_had_it,
    who_is_in_no_group_any_more_loses_their_access,
    a_code_is_worth_nothing_without_its_provider,
    a_page_comes_back_however_long_or_is_refused_at_once,
    who_comes_too_often_is_told_so_at_their_page,
    the_doctor_asks_identity_providers,
    providers_are_made_changed_and_deleted,
);

/// A deployment with a provider of its own (`corp`), and an organization with one, for the domain it has proved.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) idp: IdentityProvider,
    pub(crate) owner: Person,
    /// The id of the organization's provider.
    pub(crate) provider: String,
    names: NameServer,
}

impl Stage {
    pub(crate) async fn new(shared: &Server) -> Self {
        Self::with(shared, false).await
    }

    pub(crate) async fn with(shared: &Server, claims_in_id_token: bool) -> Self {
        Self::calling(shared, claims_in_id_token, "tenants").await
    }

    /// With this `TENON_OUTBOUND_PRIVATE`.
    pub(crate) async fn calling(shared: &Server, claims_in_id_token: bool, outbound: &str) -> Self {
        let options = Options::default().with("TENON_OUTBOUND_PRIVATE", outbound);
        Self::set(shared, claims_in_id_token, options).await
    }

    pub(crate) async fn set(shared: &Server, claims_in_id_token: bool, options: Options) -> Self {
        let (idp, names) = (IdentityProvider::start(claims_in_id_token).await, NameServer::start().await);
        let corp = merged(idp.client(), json!({"key": "corp", "name": "Corp"}));
        let options = options.with("TENON_DNS_SERVERS", names.address()).with("TENON_OIDC_PROVIDERS", json!([corp]));
        let server = Server::start(shared.deployment(), options).await;
        let owner = Person::found(&server).await;
        prove(&names, &owner, "example.com").await;
        let fields = json!({
            "name": "Staff", "domains": ["example.com"], "scopes": ["email", "profile", "groups"],
            "groups_claim": "groups", "group_roles": [{"group": "bosses", "role": "admin"}], "default_role": "member",
            "provisioning": true,
        });
        let provider = owner.api.post("/identity-providers", merged(idp.client(), fields)).await.expect(201);
        Self { server, idp, owner, provider: text(&provider, "id"), names }
    }

    /// Has somebody's organization prove that a domain is its own.
    pub(crate) async fn prove(&self, owner: &Person, domain: &str) {
        prove(&self.names, owner, domain).await;
    }

    /// Somebody whom the provider knows, with this address.
    pub(crate) async fn know(&self, login: &str, email: &str, groups: &[&str]) {
        let claims = json!({"email": email, "email_verified": true, "name": login, "groups": groups});
        self.idp.know(login, claims).await;
    }

    pub(crate) async fn sign_in(&self, provider: &str, login: &str) -> Person {
        let mut browser = Browser::open(&self.server);
        let code = browser.visit(&self.idp, provider, login).await.unwrap();
        Person::signed_in(&self.server.api(), &browser.redeem(&code).await.expect(200))
    }

    /// What a page is told of a sign-in that fails.
    pub(crate) async fn refusal(&self, provider: &str, login: &str) -> String {
        Browser::open(&self.server).visit(&self.idp, provider, login).await.unwrap_err()
    }

    pub(crate) async fn role_of(&self, user: &str) -> String {
        let members = array(&self.owner.api.get("/members").await.expect(200));
        text(members.iter().find(|it| it["user_id"] == user).expect("a member"), "role")
    }
}

async fn prove(names: &NameServer, owner: &Person, domain: &str) {
    let claimed = owner.api.post("/domains", json!({"domain": domain})).await.expect(201);
    names.say(&text(&claimed["record"], "name"), &[&text(&claimed["record"], "value")]);
    owner.api.post(format!("/domains/{}/verify", text(&claimed, "id")), None).await.expect(200);
}

async fn a_newcomer_gets_an_account_and_the_role_of_their_groups(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &["bosses", "others"]).await;
    let grace = stage.sign_in(&stage.provider, "grace").await;
    assert_eq!((grace.name.as_str(), grace.email.as_str()), ("grace", "grace@example.com"));
    assert_eq!(grace.organization_id, stage.owner.organization_id);
    assert_eq!(grace.api.get("/users/me").await.expect(200)["email_verified"], true);
    assert_eq!(stage.role_of(&grace.id).await, "admin");

    let seen = stage.idp.seen().await;
    let (asked, redeemed) = (&seen[0], &seen[1]);
    assert_eq!((&asked["what"], &asked["method"]), (&json!("authorization"), &json!("S256")));
    for name in ["state", "nonce", "code_challenge"] {
        assert!(asked["names"].as_array().unwrap().contains(&json!(name)), "{asked}");
    }
    assert!(redeemed["names"].as_array().unwrap().contains(&json!("code_verifier")), "{redeemed}");

    stage.know("grace", "grace@example.com", &[]).await;
    let again = stage.sign_in(&stage.provider, "grace").await;
    assert_eq!((again.id.as_str(), stage.role_of(&again.id).await.as_str()), (grace.id.as_str(), "member"));
    again.api.get("/identity-providers").await.problem(403, "permission.denied");

    let trail = format!("/audit-logs?resource_id={}&action=auth.identity_linked", grace.id);
    let linked = eventually("an entry", || async { stage.owner.all(&trail).await.pop() }).await;
    assert_eq!(linked["changes"][0]["to"], stage.provider.as_str(), "{linked}");
    // There is no password, so none is right.
    for password in [PASSWORD, "!", ""] {
        let login = json!({"email": "grace@example.com", "password": password});
        stage.server.api().post("/auth/login", login).await.problem(401, "auth.invalid_credentials");
    }
}

async fn an_account_is_linked_and_given_up(server: Server) {
    let stage = Stage::new(&server).await;
    let ada = Person::found(&stage.server).await;
    stage.know("ada", &ada.email, &[]).await;
    // Nobody knows yet that she reads the address.
    assert_eq!(stage.refusal("corp", "ada").await, "auth.oidc_unverified_account");
    stage.server.verify_email(&ada.email).await;
    let linked = stage.sign_in("corp", "ada").await;
    assert_eq!((&linked.id, &linked.organization_id), (&ada.id, &ada.organization_id));
    let identities = linked.all("/users/me/identities").await;
    assert_eq!(identities.len(), 1);
    let (issuer, subject) = (&identities[0]["issuer"], &identities[0]["subject"]);
    assert_eq!(
        (&identities[0]["provider"], issuer, subject),
        (&json!("corp"), &json!(stage.idp.issuer()), &json!("ada"))
    );
    let mail = || async { stage.server.mails_to(&ada.email).into_iter().find(|it| it.contains("A way to sign in")) };
    eventually("a mail about it", mail).await;
    let path = format!("/users/me/identities/{}", text(&identities[0], "id"));
    stage.owner.api.delete(&path).await.problem(404, "identity.not_found");
    linked.api.delete(&path).await.expect(204);
    linked.api.delete(&path).await.problem(404, "identity.not_found");
    assert_eq!(linked.all("/users/me/identities").await, Vec::<Value>::new());

    // Who has no password keeps the only way in, until they set one.
    stage.know("nina", "nina@example.com", &[]).await;
    let nina = stage.sign_in(&stage.provider, "nina").await;
    let path = format!("/users/me/identities/{}", text(&nina.all("/users/me/identities").await[0], "id"));
    nina.api.delete(&path).await.problem(409, "identity.last_sign_in_method");
    let api = stage.server.api();
    api.post("/auth/forgot-password", json!({"email": nina.email})).await.expect(202);
    let token = stage.server.mailed_token(&nina.email, "account/reset-password", &[]).await;
    api.post("/auth/reset-password", json!({"token": token, "password": PASSWORD})).await.expect(204);
    let login = json!({"email": nina.email, "password": PASSWORD});
    let nina = Person::signed_in(&api, &api.post("/auth/login", login).await.expect(200));
    nina.api.delete(&path).await.expect(204);
}

async fn a_second_factor_is_asked_for_all_the_same(server: Server) {
    let stage = Stage::new(&server).await;
    let ada = Person::found(&stage.server).await;
    stage.server.verify_email(&ada.email).await;
    let (mut app, _) = ada.enroll().await;
    stage.know("ada", &ada.email, &[]).await;
    let mut browser = Browser::open(&stage.server);
    let code = browser.visit(&stage.idp, &stage.provider, "ada").await.unwrap();
    let asked = browser.redeem(&code).await.problem(401, "mfa_required");
    let verify = json!({"mfa_token": asked["mfa_token"], "code": app.next_code().await});
    let granted = stage.server.api().post("/auth/mfa/verify", verify).await.expect(200);
    assert_eq!(granted["organization"]["id"], stage.owner.organization_id.as_str(), "that of the provider");
}
