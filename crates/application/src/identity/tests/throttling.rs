use std::sync::Arc;
use std::time::Duration;

use tenon_domain::AccountRequestId;

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{ScriptedThrottle, sign_in_service};

const WHILE: Duration = Duration::from_secs(7);
const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidCredentials);

fn throttled(scene: &Scene, admission: Admission) -> (Accounts, Arc<ScriptedThrottle>) {
    let throttle = Arc::new(ScriptedThrottle::answering(admission));
    (Accounts { throttle: throttle.clone(), ..sign_in_service(scene).0 }, throttle)
}

async fn guess(accounts: &Accounts, email: &str) -> AppError {
    accounts.login(&nobody(), email, password("guessed")).await.unwrap_err()
}

#[tokio::test]
async fn a_failure_is_counted_whether_the_account_exists_or_not() {
    let scene = Scene::new();
    let (accounts, throttle) = throttled(&scene, Admission::Admitted);
    for email in [" Peer@Example.com", "nobody@example.com", "no address"] {
        assert_eq!(guess(&accounts, email).await, REFUSED);
    }
    let failed = |account: &str| ("failed", account.to_owned());
    assert_eq!(throttle.told(), ["peer@example.com", "nobody@example.com", "no address"].map(failed));
}

#[tokio::test]
async fn who_gets_in_makes_the_address_familiar() {
    let scene = Scene::new();
    let (accounts, throttle) = throttled(&scene, Admission::Admitted);
    accounts.login(&nobody(), "PEER@example.com", password("Peer's password")).await.unwrap();
    assert_eq!(throttle.told(), [("succeeded", "peer@example.com".to_owned())]);
}

#[tokio::test]
async fn during_a_pause_no_password_is_looked_at() {
    let scene = Scene::new();
    let throttle = Arc::new(ScriptedThrottle::answering(Admission::Paused(WHILE)));
    let (accounts, hasher) = sign_in_service(&scene);
    let accounts = Accounts { throttle: throttle.clone(), ..accounts };
    for password_of in ["Peer", "Nobody"] {
        let attempt = password(&format!("{password_of}'s password"));
        let refused = accounts.login(&nobody(), "peer@example.com", attempt).await.unwrap_err();
        assert_eq!(refused, AppError::TooManyAttempts { retry_after: WHILE });
    }
    assert_eq!((hasher.verified(), scene.store.begun()), (Vec::new(), 0));
    assert!(throttle.told().is_empty(), "and nothing is counted");
    throttle.answer(Admission::Admitted);
    assert_eq!(guess(&accounts, "peer@example.com").await, REFUSED);
}

#[tokio::test]
async fn the_owner_of_a_locked_account_is_told_once_and_the_work_does_not_tell_who_is_one() {
    let scene = Scene::new();
    let locked = |tell| Admission::Locked { retry_after: WHILE, tell };
    let (accounts, throttle) = throttled(&scene, locked(true));
    let mut work = Vec::new();
    for email in ["peer@example.com", "nobody@example.com"] {
        let before = (scene.store.begun(), scene.told().len());
        assert_eq!(guess(&accounts, email).await, AppError::SignInLocked { retry_after: WHILE });
        work.push((scene.store.begun() - before.0, scene.told().len() - before.1));
    }
    assert_eq!(work, [(1, 2); 2]);
    assert_eq!(scene.told()[..2], ["auth.sign_in_locked", "notification.email"]);
    let mails = mails(&scene);
    let addresses: Vec<_> = mails.iter().map(|mail| mail.address.as_deref()).collect();
    assert_eq!(addresses, [Some("peer@example.com"), None], "a mail to nobody goes nowhere");

    throttle.answer(locked(false));
    assert_eq!(guess(&accounts, "peer@example.com").await, AppError::SignInLocked { retry_after: WHILE });
    assert_eq!(scene.told().len(), 4);
}

#[tokio::test]
async fn the_mailed_link_unlocks_once() {
    let scene = Scene::new();
    let (accounts, throttle) = throttled(&scene, Admission::Locked { retry_after: WHILE, tell: true });
    guess(&accounts, "peer@example.com").await;
    let token = mailed_token(&scene, AccountRequestKind::UnlockSignIn, "peer@example.com");
    accounts.unlock(&nobody(), &token).await.unwrap();
    assert_eq!(throttle.told(), [("unlocked", "peer@example.com".to_owned())]);
    let data = scene.store.data().clone();
    let event = data.events.last().unwrap();
    assert_eq!((event.name.as_str(), event.actor_user()), ("auth.sign_in_unlocked", Some(Person::Peer.id())));
    assert_eq!(event.organization(), Some(Scene::ACME));

    let worthless = AppError::Unauthenticated(Denial::InvalidAccountToken);
    let request: AccountRequestId = data.account_requests[0].id;
    let for_something_else = PlainAccountTokens.issue(AccountRequestKind::ResetPassword, request);
    for token in [token, for_something_else, "nonsense".to_owned()] {
        assert_eq!(accounts.unlock(&nobody(), &token).await, Err(worthless.clone()));
    }
    assert_eq!(throttle.told().len(), 1);
}
