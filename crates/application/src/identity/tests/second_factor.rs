mod challenges;
mod recovery;

use std::time::Duration;

use tenon_domain::identity::{
    Client, IdentityError, IdentityFact, PasswordHash, SecondFactor, SignInChallenge, SignInFailure, UserState,
};
use tenon_domain::{Fact, Violation};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{at, authenticator, code_at, sign_in_service, typed};

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
        let scene = Scene::new().with_sessions();
        let accounts = sign_in_service(&scene).0;
        let peer = Person::Peer.actor();
        let app = accounts.begin_totp(&peer, password("Peer's password"), None).await.unwrap();
        let codes = accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap();
        scene.clock.set(20);
        // Nobody is signed in.
        scene.store.data().sessions.clear();
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
        self.accounts.verify_mfa(&nobody(), token, MfaAnswer::Code(code.to_owned())).await
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
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let (peer, right) = (Person::Peer.actor(), || password("Peer's password"));
    let found = async || scene.app.ask(&peer, FindSecondFactors).await.unwrap();
    assert_eq!(accounts.confirm_totp(&peer, "123456").await, broken(IdentityError::NoSecondFactor));

    let first = accounts.begin_totp(&peer, right(), None).await.unwrap();
    let second = accounts.begin_totp(&peer, right(), None).await.unwrap();
    assert_eq!(found().await, SecondFactorsView::default());
    accounts.login(&nobody(), "peer@example.com", right()).await.unwrap();
    let replaced = accounts.confirm_totp(&peer, &code_at(&first, at(10))).await;
    assert_eq!(replaced, broken(IdentityError::WrongCode));
    assert_eq!(
        accounts.remove_totp(&peer, typed(code_at(&second, at(10)))).await,
        broken(IdentityError::NoSecondFactor)
    );

    scene.store.data().events.clear();
    let codes = accounts.confirm_totp(&peer, &code_at(&second, at(10))).await.unwrap();
    assert_eq!(codes.len(), 10);
    assert_eq!(found().await, SecondFactorsView { confirmed_at: Some(at(10)), recovery_codes_left: 10, passkeys: 0 });
    assert_eq!(scene.told(), ["auth.signed_out", "auth.mfa_enabled", "notification.email"], "it began without");
    assert!(scene.store.data().events.iter().all(|event| event.organization() == Some(Scene::ACME)));
    let mail = mails(&scene).pop().unwrap();
    assert_eq!(
        (mail.kind.as_str(), mail.address.as_deref()),
        ("account.second_factor_enabled", Some("peer@example.com"))
    );
    let stored = scene.store.data().second_factors[0].clone();
    assert_eq!(stored.recovery_codes[0], accounts.secrets.digest(codes[0].expose()), "never in clear");

    assert_eq!(accounts.begin_totp(&peer, right(), None).await, broken(IdentityError::SecondFactorEnabled));
    let again = accounts.confirm_totp(&peer, &code_at(&second, at(11))).await;
    assert_eq!(again, broken(IdentityError::SecondFactorEnabled));
    assert_eq!(scene.store.data().second_factors, [stored]);
}

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_confirms_none() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    let app = accounts.begin_totp(&peer, password("Peer's password"), None).await.unwrap();
    scene.store.data().sessions.retain(|it| it.user_id != Person::Peer.id());
    let refused = accounts.confirm_totp(&peer, &code_at(&app, at(10))).await;
    assert_eq!(refused.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    assert_eq!(scene.store.data().second_factors[0].confirmed_at, None);
}

#[tokio::test]
async fn only_the_session_that_confirms_it_goes_on() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let login = async || accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    let authenticator = authenticator(&scene, &accounts);
    let (here, there) = (login().await, login().await);
    let principal = authenticator.authenticate(&here.access_token).await.unwrap();
    let peer = Actor { principal, origin: Origin::default() };
    let app = accounts.begin_totp(&peer, password("Peer's password"), None).await.unwrap();
    assert_eq!(accounts.confirm_totp(&peer, "no code").await, broken(IdentityError::WrongCode));
    authenticator.authenticate(&there.access_token).await.unwrap();

    accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap();
    authenticator.authenticate(&here.access_token).await.unwrap();
    let ended = authenticator.authenticate(&there.access_token).await.unwrap_err();
    assert_eq!(ended, AppError::Unauthenticated(Denial::EndedSession));
}

#[tokio::test]
async fn a_sign_in_that_it_overtook_starts_no_session_and_is_asked_for_a_code() {
    let peer = Enrolled::new().await;
    let known = peer.scene.app.queries.identity.credentials(&Person::Peer.email()).await.unwrap().unwrap();
    let (session, refresh_token) = peer.accounts.new_session();
    let start = StartSession {
        user: Person::Peer.id(),
        proof: Some(known.clone()),
        session,
        refresh_hash: peer.accounts.secrets.digest(&refresh_token),
        client: Client::default(),
    };
    let refused = peer.scene.app.execute(&nobody(), start).await.unwrap_err();
    assert_eq!(refused, AppError::Unauthenticated(Denial::InvalidCredentials));
    assert!(peer.scene.store.data().sessions.is_empty());
    let answer = peer.accounts.overtaken(&nobody(), &known, "peer@example.com", None).await;
    let AppError::MfaRequired(token) = answer else { panic!("{answer:?}") };
    peer.verify(token.expose(), &peer.code()).await.unwrap();
}

#[tokio::test]
async fn setting_one_up_takes_the_password() {
    let scene = Scene::new();
    let accounts = sign_in_service(&scene).0;
    let guessed = accounts.begin_totp(&Person::Peer.actor(), password("guessed"), None).await;
    assert_eq!(guessed, broken(IdentityError::WrongPassword));
    assert_eq!(scene.told(), ["auth.sign_in_failed"]);
    assert!(scene.store.data().second_factors.is_empty());
    let nobodys = accounts.begin_totp(&nobody(), password("guessed"), None).await;
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
async fn a_code_takes_it_away_again() {
    let peer = Enrolled::new().await;
    let actor = Person::Peer.actor();
    assert_eq!(peer.accounts.remove_totp(&actor, typed("000000")).await, broken(IdentityError::WrongCode));
    assert_eq!(peer.scene.store.data().second_factors[0].wrong_codes, 1, "it counts");
    peer.accounts.remove_totp(&actor, typed(peer.code())).await.unwrap();
    assert_eq!(peer.found().await, SecondFactorsView::default());
    assert_eq!(peer.scene.told(), ["auth.mfa_disabled", "notification.email"]);
    assert_eq!(mails(&peer.scene).pop().unwrap().kind, "account.second_factor_disabled");
    peer.accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    assert_eq!(peer.accounts.remove_totp(&actor, typed(peer.code())).await, broken(IdentityError::NoSecondFactor));

    let peer = Enrolled::new().await;
    peer.accounts.remove_totp(&actor, typed(&peer.recovery_codes[9])).await.unwrap();
    assert_eq!(peer.scene.told(), ["auth.recovery_code_used", "auth.mfa_disabled", "notification.email"]);
}

#[tokio::test]
async fn it_is_seen_and_changed_only_by_whose_it_is() {
    let peer = Enrolled::new().await;
    let member = Person::Member.actor();
    let found = peer.scene.app.ask(&member, FindSecondFactors).await.unwrap();
    assert_eq!(found, SecondFactorsView::default());
    assert_eq!(peer.accounts.remove_totp(&member, typed(peer.code())).await, broken(IdentityError::NoSecondFactor));
    let nobodys = peer.accounts.remove_totp(&nobody(), typed(peer.code())).await;
    assert_eq!(nobodys, Err(AppError::Unauthenticated(Denial::MissingToken)));
    peer.accounts.login(&nobody(), "member@example.com", password("Member's password")).await.unwrap();
}
