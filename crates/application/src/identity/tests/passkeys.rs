mod hardening;
mod own;
mod second_factors;
mod stepping_up;

use std::sync::Arc;

use serde_json::{Value, json};
use tenon_domain::identity::{IdentityError, IdentityFact, Passkey, PasskeyName, RecoveryCode, SignInFailure};
use tenon_domain::{Fact, Violation};

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{ScriptedThrottle, at, sign_in_service, signed, typed};
use crate::page::PageRequest;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidPasskey);

fn broken<T>(fault: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![fault.into()]))
}

fn name(text: &str) -> PasskeyName {
    PasskeyName::parse(text).unwrap()
}

/// The peer, who has a passkey since minute 10, and no authenticator app. It is minute 20.
struct WithPasskey {
    scene: Scene,
    accounts: Accounts,
    passkey: PasskeyView,
    recovery_codes: Vec<String>,
}

impl WithPasskey {
    async fn new() -> Self {
        let scene = Scene::new().with_sessions();
        let accounts = sign_in_service(&scene).0;
        let (passkey, codes) = add(&accounts, Person::Peer, "phone").await.unwrap();
        scene.clock.set(20);
        scene.store.data().events.clear();
        let recovery_codes = codes.unwrap().iter().map(|code| code.grouped()).collect();
        Self { scene, accounts, passkey, recovery_codes }
    }

    /// What the phone makes of these options.
    fn sign(&self, options: &Value, counter: u32) -> Value {
        signed(options, "phone", Some(Person::Peer.id()), counter)
    }

    async fn sign_in(&self, counter: u32) -> Result<SignedIn, AppError> {
        let started = self.accounts.begin_passkey_sign_in().unwrap();
        let response = self.sign(&started.options, counter);
        self.accounts.sign_in_with_passkey(&nobody(), started.token.expose(), &response).await
    }

    /// What proves the second factor in the session of the peer.
    async fn proof(&self, counter: u32) -> Option<MfaAnswer> {
        let started = self.accounts.begin_step_up(&Person::Peer.actor()).await.unwrap();
        let response = self.sign(&started.options, counter);
        Some(MfaAnswer::Passkey { ceremony: started.token.expose().to_owned(), response })
    }

    fn last_fact(&self) -> Fact {
        self.scene.store.data().events.last().unwrap().fact().unwrap()
    }
}

async fn add(accounts: &Accounts, who: Person, credential: &str) -> Result<Added, AppError> {
    add_with(accounts, who, credential, None).await
}

type Added = (PasskeyView, Option<Vec<RecoveryCode>>);

/// Adds one to an account that has a second factor.
async fn add_with(
    accounts: &Accounts,
    who: Person,
    credential: &str,
    answer: Option<MfaAnswer>,
) -> Result<Added, AppError> {
    let right = password(&format!("{}'s password", who.name()));
    let started = accounts.begin_passkey(&who.actor(), right, answer).await?;
    let response = signed(&started.options, credential, None, 0);
    accounts.add_passkey(&who.actor(), started.token.expose(), name("Phone"), &response).await
}

#[tokio::test]
async fn a_passkey_signs_in_without_a_password_and_the_trail_says_so() {
    let peer = WithPasskey::new().await;
    let signed_in = peer.sign_in(1).await.unwrap();
    assert_eq!((signed_in.user.id, signed_in.organization.id), (Person::Peer.id(), Scene::ACME));
    assert_eq!(peer.scene.told(), ["auth.signed_in", "auth.passkey_used"]);
    let data = peer.scene.store.data().clone();
    for event in &data.events {
        assert_eq!((event.organization(), event.actor_user()), (Some(Scene::ACME), Some(Person::Peer.id())));
    }
    assert_eq!((data.passkeys[0].last_used_at, data.passkeys[0].synced), (Some(at(20)), true));
    assert_eq!(data.sessions.len(), Person::ALL.len() + 1);
}

#[tokio::test]
async fn a_ceremony_is_good_once_and_for_five_minutes() {
    let peer = WithPasskey::new().await;
    let started = peer.accounts.begin_passkey_sign_in().unwrap();
    let again = async |counter: u32| {
        let response = peer.sign(&started.options, counter);
        peer.accounts.sign_in_with_passkey(&nobody(), started.token.expose(), &response).await
    };
    again(1).await.unwrap();
    assert_eq!(again(2).await.unwrap_err(), REFUSED, "not even with another signature");
    let late = peer.accounts.begin_passkey_sign_in().unwrap();
    peer.scene.clock.set(25);
    let response = peer.sign(&late.options, 3);
    let refused = peer.accounts.sign_in_with_passkey(&nobody(), late.token.expose(), &response).await;
    assert_eq!(refused.unwrap_err(), REFUSED);
    peer.sign_in(3).await.unwrap();
}

#[tokio::test]
async fn what_is_no_answer_to_a_ceremony_is_refused_all_alike() {
    let peer = WithPasskey::new().await;
    let started = peer.accounts.begin_passkey_sign_in().unwrap();
    let (right, other) = (Person::Peer.id(), Person::Member.id());
    let token = started.token.expose();
    let (actor, code) = (Person::Peer.actor(), typed(&peer.recovery_codes[0]));
    let registration = peer.accounts.begin_passkey(&actor, password("Peer's password"), code).await.unwrap();
    let step_up = peer.accounts.begin_step_up(&actor).await.unwrap();
    let good = peer.sign(&started.options, 1);
    for (token, response) in [
        (token, json!({})),
        (token, Value::Null),
        (token, signed(&started.options, "phone", None, 1)),
        (token, signed(&started.options, "phone", Some(other), 1)),
        (token, signed(&started.options, "tablet", Some(right), 1)),
        (token, signed(&json!({"challenge": "another"}), "phone", Some(right), 1)),
        ("", good.clone()),
        ("plain.", good.clone()),
        ("none.nothing", good.clone()),
        (registration.token.expose(), peer.sign(&registration.options, 1)),
        (step_up.token.expose(), peer.sign(&step_up.options, 1)),
    ] {
        let refused = peer.accounts.sign_in_with_passkey(&nobody(), token, &response).await;
        assert_eq!(refused.unwrap_err(), REFUSED, "{token} {response}");
    }
    assert_eq!(peer.scene.store.data().sessions.len(), Person::ALL.len());
    peer.accounts.sign_in_with_passkey(&nobody(), token, &good).await.unwrap();
}

#[tokio::test]
async fn a_copy_is_noticed_by_its_counter() {
    let peer = WithPasskey::new().await;
    peer.sign_in(7).await.unwrap();
    peer.scene.store.data().events.clear();
    assert_eq!(peer.sign_in(7).await.unwrap_err(), REFUSED);
    assert_eq!(peer.scene.told(), ["auth.passkey_counter_reused", "auth.sign_in_failed"]);
    assert_eq!(peer.last_fact(), Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::WrongPasskey }));
    assert!(peer.scene.store.data().events.iter().all(|event| event.organization() == Some(Scene::ACME)));
    peer.sign_in(8).await.unwrap();
}

#[tokio::test]
async fn the_gate_is_the_one_of_passwords() {
    let peer = WithPasskey::new().await;
    unverify(&peer.scene, Person::Peer);
    let strict = Accounts { email_verification: EmailVerification::Required, ..peer.accounts.clone() };
    let strict = WithPasskey { accounts: strict, ..peer };
    assert_eq!(strict.sign_in(1).await.unwrap_err(), AppError::Unauthenticated(Denial::UnverifiedEmail));
    let unverified = IdentityFact::SignInFailed { reason: SignInFailure::UnverifiedEmail };
    assert_eq!(strict.last_fact(), Fact::Identity(unverified));

    let peer = WithPasskey::new().await;
    peer.scene.store.data().members.retain(|(_, it)| it.user_id != Person::Peer.id());
    assert_eq!(peer.sign_in(1).await.unwrap_err(), REFUSED);
    assert_eq!(peer.last_fact(), Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::NoOrganization }));

    let peer = WithPasskey::new().await;
    peer.scene.set_suspended(Person::Peer, Some(at(15)));
    assert_eq!(peer.sign_in(1).await.unwrap_err(), AppError::Suspended);
    assert_eq!(peer.last_fact(), Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::Suspended }));

    let peer = WithPasskey::new().await;
    peer.scene.set_deactivated(Person::Peer, Some(at(15)));
    assert_eq!(peer.sign_in(1).await.unwrap_err(), AppError::Deactivated);
    assert_eq!(peer.last_fact(), Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::Deactivated }));

    let peer = WithPasskey::new().await;
    let (actor, code) = (Person::Peer.actor(), typed(&peer.recovery_codes[0]));
    peer.accounts.delete_account(&actor, password("Peer's password"), code).await.unwrap();
    assert_eq!(peer.sign_in(1).await.unwrap_err(), REFUSED);
    assert!(peer.scene.store.data().passkeys.is_empty(), "nothing is left of them");
}

#[tokio::test]
async fn adding_one_takes_the_password_and_the_session_that_began() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    let wrong = accounts.begin_passkey(&peer, password("not the password"), None).await;
    assert_eq!(wrong.unwrap_err(), AppError::from(IdentityError::WrongPassword));
    let started = accounts.begin_passkey(&peer, password("Peer's password"), None).await.unwrap();
    let response = signed(&started.options, "phone", None, 0);
    let token = started.token.expose();
    let add = async |who: Person, token: &str, response: &Value| {
        accounts.add_passkey(&who.actor(), token, name("Phone"), response).await.map(drop)
    };
    assert_eq!(add(Person::Member, token, &response).await, broken(IdentityError::PasskeyCeremony));
    assert_eq!(add(Person::Peer, "nonsense", &response).await, broken(IdentityError::PasskeyCeremony));
    assert_eq!(add(Person::Peer, token, &json!({})).await, broken(IdentityError::InvalidPasskey));
    add(Person::Peer, token, &response).await.unwrap();
    let another = signed(&started.options, "tablet", None, 0);
    assert_eq!(add(Person::Peer, token, &another).await, broken(IdentityError::PasskeyCeremony), "it is finished");
}
