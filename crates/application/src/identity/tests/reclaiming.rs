//! Accounts that somebody registered who does not read the address.

use tenon_domain::identity::{
    AccountRequestKind, ExternalIdentity, ExternalSubject, Issuer, PasskeyName, ProviderKey, UserState,
};
use tenon_domain::{ExternalIdentityId, Fact};

use super::*;
use crate::error::AppError;
use crate::in_memory::{at, code_at, sign_in_service, signed, typed};

fn peer(scene: &Scene) -> UserState {
    scene.store.data().users.iter().find(|it| it.id == Person::Peer.id()).unwrap().clone()
}

/// Adds whatever signs the peer in, or is asked for, besides the password, and begins a sign-in.
async fn add_all_ways_in(scene: &Scene, accounts: &Accounts) {
    let (actor, known) = (Person::Peer.actor(), || password("Peer's password"));
    let started = accounts.begin_passkey(&actor, known(), None).await.unwrap();
    let response = signed(&started.options, "phone", None, 0);
    let name = PasskeyName::parse("Phone").unwrap();
    let (_, codes) = accounts.add_passkey(&actor, started.token.expose(), name, &response).await.unwrap();
    let app = accounts.begin_totp(&actor, known(), typed(codes.unwrap()[0].grouped())).await.unwrap();
    accounts.confirm_totp(&actor, &code_at(&app, at(10))).await.unwrap();
    let identity = ExternalIdentity::link(
        ExternalIdentityId::new(uuid::Uuid::from_u128(7)),
        &peer(scene),
        ProviderKey::parse("corp").unwrap(),
        Issuer::parse("https://idp.example.com").unwrap(),
        ExternalSubject::parse("peer").unwrap(),
        at(10),
    );
    scene.store.data().external_identities.push(identity.into_parts().0);
    login(accounts, "Peer's password").await.unwrap_err();
    assert_eq!(scene.store.data().challenges.len(), 1);
    scene.store.data().events.clear();
}

async fn login(accounts: &Accounts, known: &str) -> Result<SignedIn, AppError> {
    accounts.login(&nobody(), "peer@example.com", password(known)).await
}

/// Whoever reads the peer's mail sets a new password.
async fn reset(scene: &Scene, accounts: &Accounts) {
    scene.app.execute(&nobody(), RequestPasswordReset { email: Person::Peer.email() }).await.unwrap();
    let token = mailed_token(scene, AccountRequestKind::ResetPassword, "peer@example.com");
    accounts.reset_password(&nobody(), &token, password("quite another one")).await.unwrap();
}

#[tokio::test]
async fn nothing_that_a_stranger_added_outlives_the_first_word_of_who_reads_the_address() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    add_all_ways_in(&scene, &accounts).await;
    unverify(&scene, Person::Peer);
    scene.store.data().organizations.iter_mut().for_each(|it| it.require_mfa = true);
    scene.app.sessions.check_mfa(Person::Peer.viewer()).await.unwrap();

    reset(&scene, &accounts).await;
    let data = scene.store.data().clone();
    assert_eq!((data.passkeys.len(), data.second_factors.len()), (0, 0));
    assert_eq!((data.external_identities.len(), data.challenges.len()), (0, 0));
    for name in ["auth.identity_unlinked", "auth.passkey_removed", "auth.mfa_disabled"] {
        let event = data.events.iter().find(|event| event.name == name).unwrap();
        assert_eq!((event.organization(), event.actor_user()), (Some(Scene::ACME), Some(Person::Peer.id())), "{name}");
        assert!(matches!(event.fact(), Some(Fact::Identity(_))));
    }
    let kinds: Vec<_> = mails(&scene).into_iter().map(|mail| mail.kind).collect();
    for kind in ["account.passkey_removed", "account.second_factor_disabled", "account.password_changed"] {
        assert!(kinds.iter().any(|told| told == kind), "{kind}: {kinds:?}");
    }
    let refused = scene.app.sessions.check_mfa(Person::Peer.viewer()).await;
    assert_eq!(refused, Err(AppError::MfaEnrollmentRequired), "the cache was told");
    login(&accounts, "quite another one").await.unwrap();
}

#[tokio::test]
async fn who_had_shown_that_they_read_the_address_keeps_what_they_added() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    add_all_ways_in(&scene, &accounts).await;
    reset(&scene, &accounts).await;
    let data = scene.store.data().clone();
    assert_eq!((data.passkeys.len(), data.second_factors.len(), data.external_identities.len()), (1, 1, 1));
    assert!(matches!(login(&accounts, "quite another one").await, Err(AppError::MfaRequired(_))));
}

#[tokio::test]
async fn an_app_that_was_only_begun_goes_without_a_word() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    accounts.begin_totp(&Person::Peer.actor(), password("Peer's password"), None).await.unwrap();
    unverify(&scene, Person::Peer);
    scene.store.data().events.clear();
    reset(&scene, &accounts).await;
    assert_eq!(scene.store.data().second_factors, []);
    assert!(!scene.told().iter().any(|name| name == "auth.mfa_disabled"), "{:?}", scene.told());
}
