mod managing;
mod service_accounts;
mod verification;

use std::sync::Arc;

use tenon_domain::access::{OrganizationRole, Permission, Scope, Scopes};
use tenon_domain::identity::{
    AccountRequestKind, DisplayName, Email, IdentityError, Password, PersonalAccessToken, TokenName,
};
use tenon_domain::organizations::{MemberState, OrganizationError, OrganizationName};
use tenon_domain::{Fact, UserId};

use super::*;
use crate::actor::{Actor, Credential, Denial, Origin, Principal};
use crate::error::AppError;
use crate::identity::{
    AccountTokens, Accounts, Authenticator, EditProfile, EndAllSessions, FindProfile, ListSessions,
    RequestPasswordReset, SessionDirectory,
};
use crate::in_memory::{MemoryCache, Person, PlainAccountTokens, Scene, at, authenticator, sign_in_service};
use crate::organizations::{
    ChangeMemberRole, CreateOrganization, CreateServiceAccount, DeleteServiceAccount, EditOrganization, RemoveMember,
    SuspendMember, UnsuspendMember,
};
use crate::page::{PageRequest, Unsorted};

const INVALID: AppError = AppError::Unauthenticated(Denial::InvalidToken);

struct Stage {
    scene: Scene,
    accounts: Accounts,
    authenticator: Authenticator,
}

fn stage() -> Stage {
    let scene = Scene::new().with_sessions();
    let (accounts, _) = sign_in_service(&scene);
    let authenticator = authenticator(&scene, &accounts);
    Stage { scene, accounts, authenticator }
}

fn input(scopes: &[Scope]) -> TokenInput {
    TokenInput {
        name: TokenName::parse("Nightly import").unwrap(),
        scopes: scopes.iter().copied().collect(),
        expires_at: None,
    }
}

fn page() -> PageRequest<Unsorted> {
    PageRequest { limit: 50, after: None, sort: Vec::new(), include_total: false }
}

impl Stage {
    async fn issue(&self, who: Person, scopes: &[Scope]) -> IssuedToken {
        self.accounts.create_token(&who.actor(), input(scopes)).await.unwrap()
    }

    /// The actor of a request with this token.
    async fn actor(&self, token: &IssuedToken) -> Result<Actor, AppError> {
        let principal = self.authenticator.authenticate(token.text.expose()).await?;
        Ok(Actor { principal, origin: Origin::default() })
    }

    async fn own_tokens(&self, who: Person) -> Vec<TokenView> {
        self.scene.app.ask(&who.actor(), ListTokens { page: page() }).await.unwrap().items
    }
}

#[tokio::test]
async fn a_token_acts_for_its_owner_within_its_scopes() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::ProfileRead]).await;
    assert_eq!((issued.token.owner_id, issued.token.owner_name.as_str()), (Person::Peer.id(), "Peer"));
    assert_eq!(stage.scene.told(), ["token.created"]);
    let stored = stage.scene.store.data().tokens[0].clone();
    assert_eq!(stored.hash.as_str(), format!("digest of {}", issued.text.expose()), "never in clear");

    let actor = stage.actor(&issued).await.unwrap();
    let scopes: Scopes = [Scope::ProfileRead].into_iter().collect();
    let credential = Credential::Token(issued.token.id, scopes);
    assert_eq!(actor.principal, Principal::User { viewer: Person::Peer.viewer(), credential });
    assert_eq!(stage.scene.app.ask(&actor, FindProfile).await.unwrap().id, Person::Peer.id());
    let rename = EditProfile { display_name: DisplayName::parse("Max").ok(), expected_version: None };
    let refused = stage.scene.app.execute(&actor, rename).await;
    assert_eq!(refused, Err(AppError::InsufficientScope(Scope::ProfileWrite)));
    assert_eq!(stage.scene.store.begun(), 1, "a refused command does not even begin");
}

#[tokio::test]
async fn a_scope_gives_nothing_that_the_owner_does_not_have() {
    let stage = stage();
    let issued = stage.issue(Person::Member, &[Scope::OrganizationWrite]).await;
    let actor = stage.actor(&issued).await.unwrap();
    let rename = || {
        let name = OrganizationName::parse("Mine").ok();
        EditOrganization { name, require_mfa: None, expected_version: None }
    };
    let refused = stage.scene.app.execute(&actor, rename()).await;
    assert_eq!(refused, Err(AppError::Forbidden(Permission::EditOrganization)));

    let promote = ChangeMemberRole {
        user: Person::Member.id(),
        role: Some(OrganizationRole::Admin.into()),
        expected_version: None,
    };
    stage.scene.run(Person::Owner, promote).await.unwrap();
    let actor = stage.actor(&issued).await.unwrap();
    assert!(stage.scene.app.execute(&actor, rename()).await.is_ok(), "the present role counts");
    let event = stage.scene.store.data().events.last().unwrap().clone();
    assert_eq!(event.name, "organization.updated");
    let token = Some(issued.token.id.uuid());
    assert_eq!((event.actor_user(), event.actor.token), (Some(Person::Member.id()), token), "it is told which token");
}

#[tokio::test]
async fn no_token_makes_tokens_or_touches_sessions() {
    let stage = stage();
    let issued = stage.issue(Person::Owner, Scope::ALL).await;
    let actor = stage.actor(&issued).await.unwrap();
    let app = &stage.scene.app;
    let required = Some(AppError::SessionRequired);
    assert_eq!(stage.accounts.create_token(&actor, input(&[Scope::TasksRead])).await.err(), required);
    assert_eq!(app.ask(&actor, ListTokens { page: page() }).await.err(), required);
    assert_eq!(
        app.execute(&actor, RevokeToken { token: issued.token.id, expected_version: None }).await.err(),
        required
    );
    assert_eq!(app.ask(&actor, ListSessions { page: page() }).await.err(), required);
    assert_eq!(stage.accounts.logout(&actor).await.err(), required);
    assert_eq!(stage.accounts.switch_organization(&actor, Scene::ACME).await.err(), required);
    let found = CreateOrganization { name: OrganizationName::parse("Own").unwrap() };
    assert_eq!(app.execute(&actor, found).await.err(), required, "it is for one organization");
    assert_eq!(actor.session(), Err(AppError::SessionRequired));
}

#[tokio::test]
async fn what_was_not_issued_is_refused_alike() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    let text = issued.text.expose();
    let elsewhere = tenon_domain::identity::TokenText::issue(issued.token.id, [1, 2]);
    let unknown = tenon_domain::identity::TokenText::issue(tenon_domain::TokenId::new(uuid::Uuid::nil()), [1, 2]);
    for forged in ["tenon_pat_", &text[..text.len() - 1], &format!("{text}0"), elsewhere.expose(), unknown.expose()] {
        assert_eq!(stage.authenticator.authenticate(forged).await, Err(INVALID), "{forged}");
    }
    assert!(stage.actor(&issued).await.is_ok());
}

#[tokio::test]
async fn a_token_ends_when_it_expires_and_when_it_is_revoked() {
    let stage = stage();
    let expiring = TokenInput { expires_at: Some(at(20)), ..input(&[Scope::TasksRead]) };
    let expiring = stage.accounts.create_token(&Person::Peer.actor(), expiring).await.unwrap();
    let lasting = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    stage.scene.clock.set(19);
    assert!(stage.actor(&expiring).await.is_ok() && stage.actor(&lasting).await.is_ok());
    stage.scene.clock.set(20);
    assert_eq!(stage.actor(&expiring).await, Err(AppError::Unauthenticated(Denial::ExpiredToken)));
    assert!(stage.actor(&lasting).await.is_ok());

    let stale = RevokeToken { token: lasting.token.id, expected_version: Some(2) };
    assert_eq!(stage.scene.run(Person::Peer, stale).await, Err(AppError::PreconditionFailed));
    let revoke = RevokeToken { token: lasting.token.id, expected_version: None };
    assert_eq!(stage.scene.run(Person::Owner, revoke).await, Err(AppError::NotFound("token")), "not one's own");
    assert_eq!(stage.scene.run(Person::Peer, revoke).await, Ok(()));
    assert_eq!(stage.actor(&lasting).await, Err(INVALID));
    assert_eq!(stage.scene.run(Person::Peer, revoke).await, Err(AppError::NotFound("token")));
    assert_eq!(stage.scene.told(), ["token.created", "token.created", "token.revoked"]);
}

#[tokio::test]
async fn a_token_is_looked_up_once() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    stage.actor(&issued).await.unwrap();
    // Behind the application's back, so that nobody tells the cache.
    stage.scene.store.data().tokens.clear();
    assert!(stage.actor(&issued).await.is_ok());
}

#[tokio::test]
async fn whoever_leaves_the_organization_leaves_their_tokens_even_if_they_come_back() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    stage.actor(&issued).await.unwrap();
    let remove = RemoveMember { user: Person::Peer.id(), expected_version: None };
    stage.scene.run(Person::Owner, remove).await.unwrap();
    assert_eq!(stage.actor(&issued).await, Err(INVALID));
    let state = MemberState {
        user_id: Person::Peer.id(),
        display_name: Person::Peer.name(),
        role: OrganizationRole::Member,
        custom_role: None,
        suspended_at: None,
        deactivated_at: None,
        version: 1,
        joined_at: at(15),
        updated_at: at(15),
    };
    stage.scene.store.data().members.push((Scene::ACME, state));
    stage.scene.app.sessions.role_changed(Scene::ACME, Person::Peer.id(), Some(OrganizationRole::Member.into())).await;
    assert_eq!(stage.actor(&issued).await, Err(INVALID));
}

#[tokio::test]
async fn a_member_without_a_role_any_more_has_no_use_of_a_token_that_is_not_revoked() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    stage.actor(&issued).await.unwrap();
    stage.scene.app.sessions.role_changed(Scene::ACME, Person::Peer.id(), None).await;
    assert_eq!(stage.actor(&issued).await, Err(INVALID));
}

#[tokio::test]
async fn who_sets_a_forgotten_password_anew_starts_without_tokens() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    let somebody_elses = stage.issue(Person::Member, &[Scope::TasksRead]).await;
    stage.actor(&issued).await.unwrap();
    let nobody = Actor::anonymous(Origin::default());
    let forgot = RequestPasswordReset { email: Email::parse("peer@example.com").unwrap() };
    stage.scene.app.execute(&nobody, forgot).await.unwrap();
    let request = stage.scene.store.data().account_requests[0].id;
    let link = PlainAccountTokens.issue(AccountRequestKind::ResetPassword, request);
    let password = Password::attempt("quite another one".to_owned());
    stage.accounts.reset_password(&nobody, &link, password).await.unwrap();
    assert_eq!(stage.actor(&issued).await, Err(INVALID));
    assert!(stage.actor(&somebody_elses).await.is_ok());
}

#[tokio::test]
async fn a_use_is_noted_without_the_request_waiting_for_it() {
    let stage = stage();
    let issued = stage.issue(Person::Peer, &[Scope::TasksRead]).await;
    stage.scene.clock.set(12);
    stage.actor(&issued).await.unwrap();
    while stage.own_tokens(Person::Peer).await[0].last_used_at.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.own_tokens(Person::Peer).await[0].last_used_at, Some(at(12)));
}
