mod admitting;
mod groups;
mod managing;
mod redeeming;
mod returning;

use std::sync::Arc;

use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    GroupRoles, GroupsClaim, Issuer, ProviderClientId, ProviderDomains, ProviderKey, ProviderName, ProviderScopes,
    ProviderSettings, TokenHash,
};
use tenon_domain::organizations::{DomainName, OrganizationDomain};
use tenon_domain::{DomainId, IdentityProviderId, OrganizationId, SignInCodeId};
use uuid::Uuid;

use super::*;
use crate::actor::{Actor, Origin};
use crate::error::AppError;
use crate::identity::SignedIn;
use crate::in_memory::{Person, Scene, ScriptedProvider, at, single_sign_on};
use crate::unit_of_work::{Scope, Transactions};

const PAGE: &str = "https://tenon.example/board";

fn nobody() -> Actor {
    Actor::anonymous(Origin { ip: Some("192.0.2.1".to_owned()), ..Origin::default() })
}

/// Of a provider that gives the role of a member to everybody, and admits to who is in `bosses`.
fn settings() -> ProviderSettings {
    ProviderSettings {
        name: ProviderName::parse("Staff").unwrap(),
        issuer: Issuer::parse("https://idp.example.com").unwrap(),
        client_id: ProviderClientId::parse("tenon").unwrap(),
        scopes: ProviderScopes::default(),
        domains: ProviderDomains::parse([DomainName::parse("example.com").unwrap()]).unwrap(),
        groups_claim: GroupsClaim::parse("groups").ok(),
        group_roles: GroupRoles::parse([("bosses".to_owned(), OrganizationRole::Admin)]).unwrap(),
        default_role: Some(OrganizationRole::Member),
        provisioning: true,
        enabled: true,
    }
}

/// What the provider says of somebody whose address it knows.
fn claims(name: &str, groups: &[&str]) -> VouchedClaims {
    VouchedClaims {
        subject: name.to_lowercase(),
        email: Some(format!("{}@example.com", name.to_lowercase())),
        email_verified: true,
        name: Some(name.to_owned()),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

/// Acme with a provider, and one of the deployment's.
struct Stage {
    scene: Scene,
    service: SingleSignOn,
    gateway: Arc<ScriptedProvider>,
    /// Of Acme's.
    provider: IdentityProviderId,
}

impl Stage {
    /// The domain `example.com` is Acme's own.
    async fn new() -> Self {
        Self::with(settings(), None).await
    }

    async fn with(settings: ProviderSettings, organization: Option<OrganizationId>) -> Self {
        let stage = Self::without_domain(settings, organization).await;
        stage.verify_domain("example.com").await;
        stage
    }

    async fn without_domain(settings: ProviderSettings, organization: Option<OrganizationId>) -> Self {
        let scene = Scene::new().with_sessions();
        let of_deployment = DeploymentProvider {
            key: "corp".to_owned(),
            settings: ProviderSettings { domains: ProviderDomains::default(), ..settings.clone() },
            client_secret: None,
            organization,
        };
        let (service, gateway) = single_sign_on(&scene, vec![of_deployment]);
        let input = IdentityProviderInput { settings, client_secret: Some(OidcClientSecret::new("hidden".to_owned())) };
        let create = CreateIdentityProvider { input, cipher: service.cipher.clone() };
        let provider = scene.run(Person::Owner, create).await.unwrap().id;
        scene.store.data().events.clear();
        Self { scene, service, gateway, provider }
    }

    async fn verify_domain(&self, name: &str) {
        let scope = Scope::Organization(Scene::ACME);
        let mut unit = self.scene.store.begin(scope, &Person::Owner.actor(), at(0)).await.unwrap();
        let (id, name) = (DomainId::new(Uuid::from_u128(0xD0D0)), DomainName::parse(name).unwrap());
        let mut domain = OrganizationDomain::claim(id, name, "token".to_owned(), 0, at(0)).unwrap();
        domain.verify(at(0));
        unit.domains().save(domain).await.unwrap();
        unit.commit().await.unwrap();
        self.scene.store.data().events.clear();
    }

    fn of_acme(&self) -> ProviderKey {
        ProviderKey::Organization(self.provider)
    }

    fn of_deployment() -> ProviderKey {
        ProviderKey::Deployment("corp".to_owned())
    }

    /// A browser that goes to the provider and comes back.
    async fn visit(&self, key: &ProviderKey, claims: VouchedClaims) -> Return {
        self.gateway.answer(Ok(claims));
        let departure = self.service.start(key, PAGE.to_owned()).await.unwrap();
        let state = Some(self.gateway.asked().1.state);
        let input = CallbackInput { state, code: Some("code".to_owned()), ..CallbackInput::default() };
        self.service.finish(&nobody(), key, departure.transaction.as_deref(), &input).await
    }

    /// The same, to Acme's provider, and into a session.
    async fn sign_in(&self, claims: VouchedClaims) -> SignedIn {
        let back = self.visit(&self.of_acme(), claims).await;
        self.redeem(&back).await.unwrap()
    }

    /// What comes of an answer of Acme's provider about Grace, who was asked when it was as [`settings`] say.
    fn attempt(&self) -> CompleteSignIn {
        CompleteSignIn {
            provider: self.of_acme(),
            settings: settings(),
            organization: Some(Scene::ACME),
            claims: claims("Grace", &["bosses"]),
            code: SignInCodeId::new(Uuid::from_u128(0x51C)),
            code_hash: TokenHash::new("code".to_owned()),
            browser_hash: TokenHash::new("browser".to_owned()),
        }
    }

    async fn complete(&self, attempt: CompleteSignIn) -> Result<(), SignInRefusal> {
        self.service.accounts.app.execute(&nobody(), attempt).await.unwrap()
    }

    async fn redeem(&self, back: &Return) -> Result<SignedIn, AppError> {
        self.service.redeem(&nobody(), &code(back), back.browser.as_deref()).await
    }

    fn role_of(&self, email: &str) -> Option<OrganizationRole> {
        let data = self.scene.store.data();
        let user = data.users.iter().find(|it| it.email.as_str() == email)?.id;
        data.members.iter().find(|(org, it)| *org == Scene::ACME && it.user_id == user).map(|(_, it)| it.role)
    }
}

/// What a browser came back with.
fn code(back: &Return) -> String {
    let (page, code) = back.location.split_once("#sign_in_code=").unwrap_or_else(|| panic!("{}", back.location));
    assert_eq!(page, PAGE);
    code.to_owned()
}

fn refused(back: &Return, refusal: SignInRefusal) {
    assert_eq!(back.location, format!("{PAGE}#error={}", refusal.code()));
    assert_eq!(back.browser, None);
}

#[test]
fn no_two_refusals_share_a_code() {
    let codes: std::collections::HashSet<_> = SignInRefusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), SignInRefusal::ALL.len());
}
