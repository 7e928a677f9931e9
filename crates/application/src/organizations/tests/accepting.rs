mod deactivated;
mod proving;

use std::sync::Arc;
use std::time::Duration;

use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{DisplayName, Email, IdentityError, Password, PasswordHash};
use tenon_domain::organizations::OrganizationError;
use tenon_domain::{InvitationId, OrganizationId};

use super::*;
use crate::actor::{Actor, Denial, Origin};
use crate::identity::{AcceptInvitationInput, Accounts, Admission, Credentials, EmailVerification, SignedIn};
use crate::in_memory::{Person, PlainInvitations, Scene, ScriptedThrottle, at, code_at, sign_in_service};

/// A scene in which this address has been invited into Acme.
async fn invited(email: &str) -> (Scene, InvitationId) {
    let mut scene = Scene::new().with_sessions();
    let invite = CreateInvitation { email: Email::parse(email).unwrap(), role: OrganizationRole::Guest.into() };
    let id = scene.run(Person::Owner, invite).await.unwrap().id;
    find_addresses(&mut scene);
    scene.store.data().events.clear();
    (scene, id)
}

/// Has the application find the addresses of invitations.
pub(super) fn find_addresses(scene: &mut Scene) {
    let store = scene.store.clone();
    let mut queries = MockOrganizationQueries::new();
    queries.expect_invited_address().returning(move |id| {
        Ok(store.data().invitations.iter().find(|(_, it)| it.id == id).map(|(_, it)| it.email.clone()))
    });
    scene.app.queries.organizations = Arc::new(queries);
}

fn input(token: &str, name: Option<&str>, password: Option<&str>) -> AcceptInvitationInput {
    AcceptInvitationInput {
        token: token.to_owned(),
        display_name: name.map(|name| DisplayName::parse(name).unwrap()),
        password: password.map(|it| Password::attempt(it.to_owned())),
    }
}

pub(super) async fn accept(
    scene: &Scene,
    token: &str,
    name: Option<&str>,
    password: Option<&str>,
) -> Result<SignedIn, AppError> {
    let accounts = sign_in_service(scene).0;
    accounts.accept_invitation(&Actor::anonymous(Origin::default()), input(token, name, password)).await
}

/// In a deployment whose users have to show that they read their address.
async fn accept_where_required(scene: &Scene, token: &str, name: &str, password: &str) -> Result<SignedIn, AppError> {
    let accounts = Accounts { email_verification: EmailVerification::Required, ..sign_in_service(scene).0 };
    let input = input(token, Some(name), Some(password));
    accounts.accept_invitation(&Actor::anonymous(Origin::default()), input).await
}

fn unverify(scene: &Scene, who: Person) {
    let mut data = scene.store.data();
    let found = data.users.iter_mut().find(|it| it.id == who.id());
    found.unwrap().email_verified_at = None;
}

fn role_in_acme(scene: &Scene, email: &str) -> Option<OrganizationRole> {
    let data = scene.store.data();
    let user = data.users.iter().find(|it| it.email.as_str() == email)?.id;
    data.members.iter().find(|(org, it)| *org == Scene::ACME && it.user_id == user).map(|(_, it)| it.role)
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_is_signed_in() {
    let (scene, id) = invited("new@example.com").await;
    let signed_in = accept(&scene, &id.to_string(), Some("Nora"), Some("long enough")).await.unwrap();
    assert_eq!((signed_in.user.display_name.as_str(), signed_in.organization.name.as_str()), ("Nora", "Acme"));
    assert_eq!(signed_in.organization.role, OrganizationRole::Guest);
    assert_eq!(role_in_acme(&scene, "new@example.com"), Some(OrganizationRole::Guest));
    assert_eq!(scene.told(), ["user.registered", "organization.member_joined", "auth.signed_in"]);
    let data = scene.store.data();
    let own = |org: Option<OrganizationId>| org == Some(Scene::ACME);
    assert!(data.events.iter().all(|it| it.actor_user() == Some(signed_in.user.id) && own(it.organization())));
}

#[tokio::test]
async fn somebody_known_proves_who_they_are_by_their_password() {
    let (scene, id) = invited("stranger@example.com").await;
    let token = id.to_string();
    let missing = accept(&scene, &token, Some("Other"), None).await.unwrap_err();
    assert_eq!(Err(missing), broken::<()>(OrganizationError::InvitationNeedsPassword));
    let wrong = accept(&scene, &token, None, Some("guessed password")).await.unwrap_err();
    assert_eq!(wrong, AppError::Unauthenticated(Denial::InvalidCredentials));
    assert_eq!(scene.told(), ["auth.sign_in_failed"]);
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);

    let signed_in = accept(&scene, &token, None, Some("Stranger's password")).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.organization.id), (Person::Stranger.id(), Scene::ACME));
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), Some(OrganizationRole::Guest));
}

#[tokio::test]
async fn who_has_a_second_factor_accepts_with_a_code_of_it() {
    let (scene, id) = invited("stranger@example.com").await;
    let (accounts, nobody) = (sign_in_service(&scene).0, Actor::anonymous(Origin::default()));
    let stranger = Person::Stranger.actor();
    let app = accounts.begin_totp(&stranger, Password::attempt("Stranger's password".to_owned()), None).await.unwrap();
    accounts.confirm_totp(&stranger, &code_at(&app, at(10))).await.unwrap();
    scene.clock.set(11);
    unverify(&scene, Person::Stranger);
    let token = PlainInvitations.issue_for_mail(id);
    let asked = accounts.accept_invitation(&nobody, input(&token, None, Some("Stranger's password"))).await;
    let Err(AppError::MfaRequired(token)) = asked else { panic!("{asked:?}") };
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);

    let code = crate::identity::MfaAnswer::Code(code_at(&app, at(11)));
    let signed_in = accounts.verify_mfa(&nobody, token.expose(), code).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.organization.id), (Person::Stranger.id(), Scene::ACME));
    assert!(signed_in.user.email_verified, "the invitation came by mail");
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), Some(OrganizationRole::Guest));
}

#[tokio::test]
async fn a_new_account_needs_a_name_and_a_password_that_follows_the_rules() {
    let (scene, id) = invited("new@example.com").await;
    let token = id.to_string();
    for (name, password) in [(None, Some("long enough")), (Some("Nora"), None), (None, None)] {
        let refused = accept(&scene, &token, name, password).await.unwrap_err();
        assert_eq!(Err(refused), broken::<()>(OrganizationError::InvitationNeedsAccount));
    }
    let short = accept(&scene, &token, Some("Nora"), Some("short")).await.unwrap_err();
    assert_eq!(Err(short), broken::<()>(IdentityError::PasswordLength));
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test]
async fn only_who_has_the_mail_shows_that_they_read_the_address() {
    let (scene, id) = invited("new@example.com").await;
    let signed_in = accept(&scene, &id.to_string(), Some("Nora"), Some("long enough")).await.unwrap();
    assert!(!signed_in.user.email_verified, "the inviter knows this token");

    let (scene, id) = invited("new@example.com").await;
    let mailed = PlainInvitations.issue_for_mail(id);
    let signed_in = accept(&scene, &mailed, Some("Nora"), Some("long enough")).await.unwrap();
    assert!(signed_in.user.email_verified);
    assert_eq!(scene.told()[..2], ["user.registered", "user.email_verified"]);

    let (scene, id) = invited("stranger@example.com").await;
    unverify(&scene, Person::Stranger);
    let mailed = PlainInvitations.issue_for_mail(id);
    let signed_in = accept(&scene, &mailed, None, Some("Stranger's password")).await.unwrap();
    assert!(signed_in.user.email_verified, "of an account that exists, too");
}

#[tokio::test]
async fn where_addresses_are_verified_the_token_that_the_inviter_knows_is_not_enough() {
    let (scene, id) = invited("new@example.com").await;
    let signed_in = accept_where_required(&scene, &id.to_string(), "Nora", "long enough").await.unwrap();
    assert!(!signed_in.user.email_verified);
    assert_eq!(
        scene.told(),
        ["user.registered", "notification.email", "organization.member_joined", "auth.signed_in"],
        "a mail with the link to verify it"
    );

    let (scene, id) = invited("stranger@example.com").await;
    unverify(&scene, Person::Stranger);
    let refused = accept_where_required(&scene, &id.to_string(), "Stranger", "Stranger's password").await.unwrap_err();
    assert_eq!(refused, AppError::Unauthenticated(Denial::UnverifiedEmail));
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);
    let mailed = PlainInvitations.issue_for_mail(id);
    accept_where_required(&scene, &mailed, "Stranger", "Stranger's password").await.unwrap();
}

#[tokio::test]
async fn a_token_is_good_once_and_for_seven_days() {
    let (scene, id) = invited("new@example.com").await;
    let token = id.to_string();
    scene.clock.set(10 + 7 * 24 * 60);
    let late = accept(&scene, &token, Some("Nora"), Some("long enough")).await.unwrap_err();
    assert_eq!(Err(late), broken::<()>(OrganizationError::InvitationExpired));
    assert_eq!(role_in_acme(&scene, "new@example.com"), None, "no account is left behind");
    assert!(!scene.store.data().users.iter().any(|it| it.email.as_str() == "new@example.com"));

    scene.clock.set(11);
    accept(&scene, &token, Some("Nora"), Some("long enough")).await.unwrap();
    let again = accept(&scene, &token, None, Some("long enough")).await.unwrap_err();
    assert_eq!(Err(again), broken::<()>(OrganizationError::InvitationUsed));
}

#[tokio::test]
async fn a_revoked_or_invented_token_is_worth_nothing() {
    let (scene, id) = invited("new@example.com").await;
    let unknown = InvitationId::new(uuid::Uuid::nil()).to_string();
    for invented in ["nonsense", unknown.as_str()] {
        let refused = accept(&scene, invented, Some("Nora"), Some("long enough")).await.unwrap_err();
        assert_eq!(refused, AppError::Unauthenticated(Denial::InvalidInvitationToken));
    }
    scene.run(Person::Owner, RevokeInvitation { invitation: id, expected_version: None }).await.unwrap();
    let revoked = accept(&scene, &id.to_string(), Some("Nora"), Some("long enough")).await.unwrap_err();
    assert_eq!(Err(revoked), broken::<()>(OrganizationError::InvitationRevoked));
}

#[tokio::test]
async fn an_account_of_another_address_cannot_use_the_invitation() {
    let (scene, id) = invited("new@example.com").await;
    let command = AcceptInvitation {
        invitation: id,
        invitee: Invitee::Existing { user: Person::Stranger.id(), proof: None },
        session: Person::Stranger.session(),
        refresh_hash: tenon_domain::identity::TokenHash::new("hash".to_owned()),
        client: tenon_domain::identity::Client::default(),
        mailed: true,
        verification: EmailVerification::Off,
    };
    let refused = scene.app.execute(&Actor::anonymous(Origin::default()), command).await.unwrap_err();
    assert_eq!(refused, AppError::Unauthenticated(Denial::InvalidInvitationToken));
    assert_eq!(role_in_acme(&scene, "stranger@example.com"), None);
}
