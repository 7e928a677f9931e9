mod recovery;

use std::time::Duration;

use tenon_domain::identity::{IdentityError, IdentityFact, SecondFactor, SignInChallenge, SignInFailure, UserState};
use tenon_domain::{Fact, Violation};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{at, authenticator, code_at, sign_in_service};

const WRONG: AppError = AppError::Unauthenticated(Denial::InvalidCode);
const USELESS: AppError = AppError::Unauthenticated(Denial::InvalidMfaToken);

/// The peer, who has an authenticator app since minute 10. It is minute 20.
struct Enrolled {
    scene: Scene,
    accounts: Accounts,
    app: TotpEnrollment,
    recovery_codes: Vec<String>,
}

impl Enrolled {
    async fn new() -> Self {
        let scene = Scene::new();
        let accounts = sign_in_service(&scene).0;
        let peer = Person::Peer.actor();
        let app = accounts.begin_totp(&peer, password("Peer's password")).await.unwrap();
        let codes = accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap();
        scene.clock.set(20);
        scene.store.data().events.clear();
        Self { scene, accounts, app, recovery_codes: codes.iter().map(|code| code.grouped()).collect() }
    }

    /// What the app shows.
    fn code(&self) -> String {
        code_at(&self.app, self.scene.app.clock.now())
    }

    /// The token of a sign-in whose password was right.
    async fn login(&self) -> String {
        match self.accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await {
            Err(AppError::MfaRequired(token)) => token.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn verify(&self, token: &str, code: &str) -> Result<SignedIn, AppError> {
        self.accounts.verify_mfa(&nobody(), token, code).await
    }

    async fn found(&self) -> SecondFactorsView {
        self.scene.app.ask(&Person::Peer.actor(), FindSecondFactors).await.unwrap()
    }
}

fn broken<T>(fault: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![fault.into()]))
}

#[tokio::test]
async fn an_app_counts_once_it_is_confirmed() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let (peer, right) = (Person::Peer.actor(), || password("Peer's password"));
    let found = async || scene.app.ask(&peer, FindSecondFactors).await.unwrap();
    assert_eq!(accounts.confirm_totp(&peer, "123456").await, broken(IdentityError::NoSecondFactor));

    let first = accounts.begin_totp(&peer, right()).await.unwrap();
    let second = accounts.begin_totp(&peer, right()).await.unwrap();
    assert_eq!(found().await, SecondFactorsView::default());
    accounts.login(&nobody(), "peer@example.com", right()).await.unwrap();
    let replaced = accounts.confirm_totp(&peer, &code_at(&first, at(10))).await;
    assert_eq!(replaced, broken(IdentityError::WrongCode));
    assert_eq!(accounts.remove_totp(&peer, &code_at(&second, at(10))).await, broken(IdentityError::NoSecondFactor));

    scene.store.data().events.clear();
    let codes = accounts.confirm_totp(&peer, &code_at(&second, at(10))).await.unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(found().await, SecondFactorsView { confirmed_at: Some(at(10)), recovery_codes_left: 10 });
    assert_eq!(scene.told(), ["auth.mfa_enabled", "notification.email"]);
    let mail = mails(&scene).pop().unwrap();
    assert_eq!(
        (mail.kind.as_str(), mail.address.as_deref()),
        ("account.second_factor_enabled", Some("peer@example.com"))
    );
    let stored = scene.store.data().second_factors[0].clone();
    assert_eq!(stored.recovery_codes[0], accounts.secrets.digest(codes[0].expose()), "never in clear");

    assert_eq!(accounts.begin_totp(&peer, right()).await, broken(IdentityError::SecondFactorEnabled));
    let again = accounts.confirm_totp(&peer, &code_at(&second, at(11))).await;
    assert_eq!(again, broken(IdentityError::SecondFactorEnabled));
    assert_eq!(scene.store.data().second_factors, [stored]);
}

#[tokio::test]
async fn setting_one_up_takes_the_password() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let guessed = accounts.begin_totp(&Person::Peer.actor(), password("guessed")).await;
    assert_eq!(guessed, broken(IdentityError::WrongPassword));
    assert_eq!(scene.told(), ["auth.sign_in_failed"]);
    assert!(scene.store.data().second_factors.is_empty());
    let nobodys = accounts.begin_totp(&nobody(), password("guessed")).await;
    assert_eq!(nobodys, Err(AppError::Unauthenticated(Denial::MissingToken)));
}

#[tokio::test]
async fn the_right_password_goes_on_with_a_code() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    {
        let data = peer.scene.store.data();
        assert!(data.sessions.is_empty() && data.events.is_empty(), "nobody is signed in yet");
        assert_eq!(data.challenges[0].token_hash, peer.accounts.secrets.digest(&token), "never in clear");
        let password_hash = data.users.iter().find(|it| it.id == Person::Peer.id()).unwrap().password_hash.clone();
        assert_ne!(data.challenges[0].checked.as_str(), password_hash.as_str());
    }
    let signed_in = peer.verify(&token, &peer.code()).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.organization.id), (Person::Peer.id(), Scene::ACME));
    authenticator(&peer.scene, &peer.accounts).authenticate(&signed_in.access_token).await.unwrap();
    assert_eq!(peer.scene.told(), ["auth.signed_in"]);
    assert!(peer.scene.store.data().challenges.is_empty());
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), USELESS, "it is good once");
}

#[tokio::test]
async fn no_code_is_good_twice() {
    let peer = Enrolled::new().await;
    let code = peer.code();
    peer.verify(&peer.login().await, &code).await.unwrap();
    let token = peer.login().await;
    assert_eq!(peer.verify(&token, &code).await.unwrap_err(), WRONG);
    assert_eq!(peer.verify(&token, &code_at(&peer.app, at(10))).await.unwrap_err(), WRONG, "nor an old one");
    peer.scene.clock.set(21);
    peer.verify(&token, &peer.code()).await.unwrap();
}

#[tokio::test]
async fn five_wrong_codes_make_a_token_worthless_and_are_on_the_audit_trail() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    for code in ["000000", "", "no code", "0123-4567-89ab-cdef", "123456"] {
        assert_eq!(peer.verify(&token, code).await.unwrap_err(), WRONG, "{code}");
    }
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), USELESS);
    let data = peer.scene.store.data().clone();
    assert_eq!(data.events.len(), 5);
    for event in &data.events {
        let failed = Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::WrongCode });
        assert_eq!(event.fact().unwrap(), failed);
        assert_eq!((event.organization(), event.actor_user()), (Some(Scene::ACME), None));
        assert_eq!(event.subject.id, Person::Peer.id().uuid());
    }
    assert!(data.challenges.is_empty() && data.sessions.is_empty());
    peer.verify(&peer.login().await, &peer.code()).await.unwrap();
}

#[tokio::test]
async fn too_many_wrong_codes_slow_the_account_down_whatever_their_tokens() {
    let peer = Enrolled::new().await;
    for _ in 0..SecondFactor::FREE_WRONG_CODES / SignInChallenge::MAX_WRONG_CODES {
        let token = peer.login().await;
        for _ in 0..SignInChallenge::MAX_WRONG_CODES {
            assert_eq!(peer.verify(&token, "no code").await.unwrap_err(), WRONG);
        }
    }
    let token = peer.login().await;
    let paused = AppError::TooManyAttempts { retry_after: Duration::from_secs(60) };
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), paused);
    let last = peer.scene.store.data().events.last().unwrap().fact().unwrap();
    assert_eq!(last, Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::CodesBlocked }));
    let own = peer.accounts.remove_totp(&Person::Peer.actor(), &peer.code()).await;
    assert_eq!(own, Err(paused), "nor with a stolen session");
    peer.scene.clock.set(21);
    peer.verify(&token, &peer.code()).await.unwrap();
}

#[tokio::test]
async fn a_token_is_good_for_five_minutes_and_only_as_it_was_given_out() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    for wrong in [format!("{token}0"), token.replace("secret", "secrets"), "tenon_mfa_".to_owned(), String::new()] {
        assert_eq!(peer.verify(&wrong, &peer.code()).await.unwrap_err(), USELESS, "{wrong}");
    }
    peer.scene.clock.set(25);
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), USELESS);
    assert!(peer.scene.told().is_empty());
}

#[tokio::test]
async fn what_was_begun_with_another_password_or_app_comes_to_nothing() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    let hash = peer.accounts.hasher.hash(password("quite another one")).await.unwrap();
    let change = |user: &mut UserState| user.password_hash = hash;
    peer.scene.store.data().users.iter_mut().find(|it| it.id == Person::Peer.id()).map(change).unwrap();
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), USELESS);

    let peer = Enrolled::new().await;
    let token = peer.login().await;
    peer.accounts.remove_totp(&Person::Peer.actor(), &peer.code()).await.unwrap();
    peer.scene.clock.set(21);
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), USELESS);
}

#[tokio::test]
async fn who_belongs_nowhere_any_more_is_not_signed_in() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    peer.scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    let homeless = peer.verify(&token, &peer.code()).await.unwrap_err();
    assert_eq!(homeless, AppError::Unauthenticated(Denial::InvalidCredentials));
    let last = peer.scene.store.data().events.last().unwrap().fact().unwrap();
    assert_eq!(last, Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::NoOrganization }));
}

#[tokio::test]
async fn a_code_takes_it_away_again() {
    let peer = Enrolled::new().await;
    let actor = Person::Peer.actor();
    assert_eq!(peer.accounts.remove_totp(&actor, "000000").await, broken(IdentityError::WrongCode));
    assert_eq!(peer.scene.store.data().second_factors[0].wrong_codes, 1, "it counts");
    peer.accounts.remove_totp(&actor, &peer.code()).await.unwrap();
    assert_eq!(peer.found().await, SecondFactorsView::default());
    assert_eq!(peer.scene.told(), ["auth.mfa_disabled", "notification.email"]);
    assert_eq!(mails(&peer.scene).pop().unwrap().kind, "account.second_factor_disabled");
    peer.accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    assert_eq!(peer.accounts.remove_totp(&actor, &peer.code()).await, broken(IdentityError::NoSecondFactor));

    let peer = Enrolled::new().await;
    peer.accounts.remove_totp(&actor, &peer.recovery_codes[9]).await.unwrap();
    assert_eq!(peer.scene.told(), ["auth.recovery_code_used", "auth.mfa_disabled", "notification.email"]);
}

#[tokio::test]
async fn it_is_seen_and_changed_only_by_whose_it_is() {
    let peer = Enrolled::new().await;
    let member = Person::Member.actor();
    let found = peer.scene.app.ask(&member, FindSecondFactors).await.unwrap();
    assert_eq!(found, SecondFactorsView::default());
    assert_eq!(peer.accounts.remove_totp(&member, &peer.code()).await, broken(IdentityError::NoSecondFactor));
    let nobodys = peer.accounts.remove_totp(&nobody(), &peer.code()).await;
    assert_eq!(nobodys, Err(AppError::Unauthenticated(Denial::MissingToken)));
    peer.accounts.login(&nobody(), "member@example.com", password("Member's password")).await.unwrap();
}
