//! Proving a second factor by who is signed in.

use tenon_domain::identity::SecondFactor;

use super::*;
use crate::in_memory::code_at;

/// What takes more than a session and the password of who has a second factor.
#[derive(Clone, Copy, Debug)]
enum Step {
    AddPasskey,
    RemovePasskey,
    AddApp,
    Delete,
}

const STEPS: [Step; 4] = [Step::AddPasskey, Step::RemovePasskey, Step::AddApp, Step::Delete];

fn right() -> Password {
    password("Peer's password")
}

impl WithPasskey {
    async fn step(&self, step: Step, answer: Option<MfaAnswer>) -> Result<(), AppError> {
        let (accounts, actor) = (&self.accounts, Person::Peer.actor());
        match step {
            Step::AddPasskey => accounts.begin_passkey(&actor, right(), answer).await.map(drop),
            Step::RemovePasskey => accounts.remove_passkey(&actor, self.passkey.id, right(), answer, None).await,
            Step::AddApp => accounts.begin_totp(&actor, right(), answer).await.map(drop),
            Step::Delete => accounts.delete_account(&actor, right(), answer).await,
        }
    }

    fn wrong_answers(&self) -> u32 {
        self.scene.store.data().second_factors[0].wrong_codes
    }

    /// Whether the audit trail of the organization tells of this.
    fn is_audited(&self, name: &str) -> bool {
        let data = self.scene.store.data();
        data.events.iter().any(|event| event.name == name && event.organization() == Some(Scene::ACME))
    }
}

fn passkey(started: &StartedCeremony, response: Value) -> Option<MfaAnswer> {
    Some(MfaAnswer::Passkey { ceremony: started.token.expose().to_owned(), response })
}

#[tokio::test]
async fn a_session_and_the_password_are_not_enough() {
    let peer = WithPasskey::new().await;
    let before = peer.scene.store.data().clone();
    for (wrong, step) in (1..).step_by(2).zip(STEPS) {
        assert_eq!(peer.step(step, None).await, broken(IdentityError::CodeNeeded), "{step:?}");
        assert_eq!(peer.step(step, typed("123456")).await, broken(IdentityError::WrongCode), "{step:?}");
        assert_eq!(peer.wrong_answers(), wrong, "{step:?}: it is counted");
        let nonsense = Some(MfaAnswer::Passkey { ceremony: "plain.".to_owned(), response: Value::Null });
        assert_eq!(peer.step(step, nonsense).await, broken(IdentityError::WrongPasskey), "{step:?}");
        assert_eq!(peer.wrong_answers(), wrong + 1, "{step:?}: it is counted, too");
    }
    let after = peer.scene.store.data().clone();
    assert_eq!((after.users, after.passkeys, after.sessions), (before.users, before.passkeys, before.sessions));
    assert_eq!(after.second_factors[0].secret, before.second_factors[0].secret);
    assert!(after.events.is_empty());
}

#[tokio::test]
async fn a_passkey_or_a_recovery_code_is() {
    for step in STEPS {
        let peer = WithPasskey::new().await;
        peer.step(step, peer.proof(1).await).await.unwrap();
        assert!(peer.is_audited("auth.passkey_used"), "{step:?}");
        let peer = WithPasskey::new().await;
        peer.step(step, typed(&peer.recovery_codes[0])).await.unwrap();
        assert!(peer.is_audited("auth.recovery_code_used"), "{step:?}");
    }
}

#[tokio::test]
async fn an_organization_is_handed_on_with_a_passkey_too() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    add(&accounts, Person::Owner, "phone").await.unwrap();
    let owner = Person::Owner.actor();
    let transfer = async |answer: Option<MfaAnswer>| {
        let (to, right) = (Person::Peer.id(), password("Owner's password"));
        accounts.transfer_ownership(&owner, to, right, answer, true, None).await.map(drop)
    };
    assert_eq!(transfer(None).await, broken(IdentityError::CodeNeeded));
    assert_eq!(transfer(typed("123456")).await, broken(IdentityError::WrongCode));
    let started = accounts.begin_step_up(&owner).await.unwrap();
    let of_another = signed(&started.options, "phone", Some(Person::Peer.id()), 1);
    assert_eq!(transfer(passkey(&started, of_another)).await, broken(IdentityError::WrongPasskey));
    let own = signed(&started.options, "phone", Some(Person::Owner.id()), 1);
    transfer(passkey(&started, own)).await.unwrap();
}

#[tokio::test]
async fn who_has_no_second_factor_proves_none() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    assert_eq!(accounts.begin_step_up(&peer).await.map(drop), broken(IdentityError::NoPasskey));
    let nobodys = accounts.begin_step_up(&nobody()).await.map(drop);
    assert_eq!(nobodys, Err(AppError::Unauthenticated(Denial::MissingToken)));
    accounts.begin_passkey(&peer, right(), None).await.unwrap();
    accounts.begin_totp(&peer, right(), None).await.unwrap();
    accounts.delete_account(&peer, right(), None).await.unwrap();
}

#[tokio::test]
async fn a_proof_is_good_once_for_five_minutes_in_the_session_that_began_it() {
    let peer = WithPasskey::new().await;
    let wrong = || broken(IdentityError::WrongPasskey);
    let started = peer.accounts.begin_step_up(&Person::Peer.actor()).await.unwrap();
    assert_eq!(started.options["credentials"], json!(["phone"]));
    peer.step(Step::AddApp, passkey(&started, peer.sign(&started.options, 1))).await.unwrap();
    let again = passkey(&started, peer.sign(&started.options, 2));
    assert_eq!(peer.step(Step::AddApp, again).await, wrong(), "not even with another signature");

    let elsewhere = Actor::user(Person::Peer.viewer(), Person::Member.session(), Origin::default());
    let started = peer.accounts.begin_step_up(&elsewhere).await.unwrap();
    let signed_there = passkey(&started, peer.sign(&started.options, 3));
    assert_eq!(peer.step(Step::AddApp, signed_there).await, wrong());
    let started = peer.accounts.begin_passkey_sign_in().unwrap();
    let for_a_sign_in = passkey(&started, peer.sign(&started.options, 4));
    assert_eq!(peer.step(Step::AddApp, for_a_sign_in).await, wrong());

    let late = peer.proof(5).await;
    peer.scene.clock.set(25);
    assert_eq!(peer.step(Step::AddApp, late).await, wrong());
    peer.step(Step::AddApp, peer.proof(6).await).await.unwrap();
}

#[tokio::test]
async fn a_copy_is_refused_and_told_of() {
    for step in STEPS {
        let peer = WithPasskey::new().await;
        peer.step(Step::AddApp, peer.proof(7).await).await.unwrap();
        peer.scene.store.data().events.clear();
        assert_eq!(peer.step(step, peer.proof(7).await).await, broken(IdentityError::WrongPasskey), "{step:?}");
        assert_eq!(peer.scene.told(), ["auth.passkey_counter_reused"], "{step:?}");
        assert!(peer.is_audited("auth.passkey_counter_reused"), "{step:?}");
        assert_eq!(peer.wrong_answers(), 1, "{step:?}");
    }
}

#[tokio::test]
async fn who_sent_too_many_wrong_ones_waits_with_a_good_one() {
    let peer = WithPasskey::new().await;
    for _ in 0..SecondFactor::FREE_WRONG_CODES {
        assert_eq!(peer.step(Step::AddApp, typed("no code")).await, broken(IdentityError::WrongCode));
    }
    let proof = peer.proof(1).await;
    let paused = peer.step(Step::AddApp, proof.clone()).await;
    assert!(matches!(paused, Err(AppError::TooManyAttempts { .. })), "{paused:?}");
    peer.scene.clock.set(21);
    peer.step(Step::AddApp, proof).await.unwrap();
}

#[tokio::test]
async fn a_lost_passkey_is_removed_with_another_one() {
    let peer = WithPasskey::new().await;
    add_with(&peer.accounts, Person::Peer, "tablet", typed(&peer.recovery_codes[0])).await.unwrap();
    let started = peer.accounts.begin_step_up(&Person::Peer.actor()).await.unwrap();
    let by_tablet = signed(&started.options, "tablet", Some(Person::Peer.id()), 1);
    peer.step(Step::RemovePasskey, passkey(&started, by_tablet)).await.unwrap();
    assert_eq!(peer.sign_in(1).await.unwrap_err(), REFUSED);
    assert_eq!(peer.scene.store.data().passkeys.len(), 1);
}

#[tokio::test]
async fn a_lost_app_and_spent_recovery_codes_are_replaced_with_a_passkey() {
    let peer = WithPasskey::new().await;
    let actor = Person::Peer.actor();
    let app = peer.accounts.begin_totp(&actor, right(), peer.proof(1).await).await.unwrap();
    peer.accounts.confirm_totp(&actor, &code_at(&app, at(20))).await.unwrap();
    peer.accounts.remove_totp(&actor, peer.proof(2).await).await.unwrap();
    peer.scene.store.data().second_factors[0].recovery_codes.clear();
    let without = peer.accounts.replace_recovery_codes(&actor, None).await;
    assert_eq!(without, broken(IdentityError::CodeNeeded));
    let codes = peer.accounts.replace_recovery_codes(&actor, peer.proof(3).await).await.unwrap();
    assert_eq!(peer.scene.store.data().second_factors[0].recovery_codes.len(), codes.len());
}

#[tokio::test]
async fn an_app_that_was_begun_before_the_first_passkey_is_begun_again() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    let begun = accounts.begin_totp(&peer, right(), None).await.unwrap();
    add(&accounts, Person::Peer, "phone").await.unwrap();
    let confirmed = accounts.confirm_totp(&peer, &code_at(&begun, at(10))).await;
    assert_eq!(confirmed, broken(IdentityError::WrongCode), "it took no proof");
}
