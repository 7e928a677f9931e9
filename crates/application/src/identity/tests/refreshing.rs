use chrono::TimeDelta;

use super::*;
use crate::actor::Denial;
use crate::error::AppError;
use crate::in_memory::{authenticator, sign_in_service};

const WORTHLESS: AppError = AppError::Unauthenticated(Denial::InvalidRefreshToken);
const REUSED: AppError = AppError::Unauthenticated(Denial::RefreshTokenReused);

async fn sign_in(accounts: &Accounts) -> SignedIn {
    accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap()
}

async fn refresh(accounts: &Accounts, spent: &SignedIn) -> Result<SignedIn, AppError> {
    accounts.refresh(&nobody(), &spent.refresh_token).await
}

#[tokio::test]
async fn a_lost_answer_is_given_again_and_nobody_is_alarmed() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let first = sign_in(&accounts).await;
    let second = refresh(&accounts, &first).await.unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    for _ in 0..2 {
        let again = refresh(&accounts, &first).await.unwrap();
        assert_eq!(again.refresh_token, second.refresh_token, "two tabs of a browser go on with the same token");
    }
    let third = refresh(&accounts, &second).await.unwrap();
    assert_ne!(third.refresh_token, second.refresh_token);
    assert_eq!(scene.told(), ["auth.signed_in"]);
}

#[tokio::test]
async fn a_token_that_comes_back_late_ends_its_session_and_tells_its_user() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let (first, other) = (sign_in(&accounts).await, sign_in(&accounts).await);
    let second = refresh(&accounts, &first).await.unwrap();
    scene.clock.set(11);
    assert_eq!(refresh(&accounts, &first).await.unwrap_err(), REUSED);

    let authenticator = authenticator(&scene, &accounts);
    let refused = authenticator.authenticate(&second.access_token).await;
    assert_eq!(refused, Err(AppError::Unauthenticated(Denial::EndedSession)), "at once");
    assert_eq!(refresh(&accounts, &second).await.unwrap_err(), WORTHLESS, "whoever has the present one");
    assert!(authenticator.authenticate(&other.access_token).await.is_ok(), "other sessions go on");

    let alarm = ["auth.refresh_token_reused", "notification.email"];
    assert_eq!(scene.told()[2..], alarm);
    let data = scene.store.data().clone();
    let event = data.events.iter().find(|event| event.name == alarm[0]).unwrap();
    assert_eq!((event.organization(), event.actor_user()), (Some(Scene::ACME), None), "it may have been anybody");
    let mails = mails(&scene);
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].kind, "account.refresh_token_reused");
    assert_eq!(mails[0].address.as_deref(), Some("peer@example.com"));

    assert_eq!(refresh(&accounts, &first).await.unwrap_err(), WORTHLESS);
    assert_eq!(scene.told().len(), 4, "one alarm is enough");
}

#[tokio::test]
async fn an_older_token_ends_the_session_at_once_and_a_made_up_one_does_not() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let first = sign_in(&accounts).await;
    let second = refresh(&accounts, &first).await.unwrap();
    let third = refresh(&accounts, &second).await.unwrap();
    let session = first.refresh_token.rsplit_once('_').unwrap().0;
    let made_up = accounts.refresh(&nobody(), &format!("{session}_guessed")).await;
    assert_eq!(made_up.unwrap_err(), WORTHLESS);
    let fourth = refresh(&accounts, &third).await.unwrap();
    assert_eq!(refresh(&accounts, &first).await.unwrap_err(), REUSED);
    assert_eq!(refresh(&accounts, &fourth).await.unwrap_err(), WORTHLESS);
}

#[tokio::test]
async fn a_token_of_a_session_that_was_ended_by_its_user_alarms_nobody() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    let first = sign_in(&accounts).await;
    let second = refresh(&accounts, &first).await.unwrap();
    let principal = authenticator(&scene, &accounts).authenticate(&second.access_token).await.unwrap();
    accounts.logout(&Actor { principal, origin: Origin::default() }).await.unwrap();
    scene.clock.set(11);
    assert_eq!(refresh(&accounts, &first).await.unwrap_err(), WORTHLESS);
    assert_eq!(scene.told(), ["auth.signed_in", "auth.signed_out"]);
}

#[tokio::test]
async fn a_session_that_is_refreshed_again_and_again_ends_all_the_same() {
    let mut scene = Scene::new();
    scene.app.session_max_age = TimeDelta::days(45);
    let (accounts, _) = sign_in_service(&scene);
    let (first, day) = (sign_in(&accounts).await, 24 * 60);
    scene.clock.set(10 + 25 * day);
    let second = refresh(&accounts, &first).await.unwrap();
    scene.clock.set(10 + 45 * day - 1);
    let third = refresh(&accounts, &second).await.unwrap();
    scene.clock.set(10 + 45 * day);
    assert_eq!(refresh(&accounts, &third).await.unwrap_err(), WORTHLESS);
}

#[tokio::test]
async fn a_session_is_not_older_than_sessions_may_become_by_now() {
    let mut scene = Scene::new();
    let grant = sign_in(&sign_in_service(&scene).0).await;
    scene.app.session_max_age = TimeDelta::days(7);
    scene.clock.set(10 + 7 * 24 * 60);
    let refused = refresh(&sign_in_service(&scene).0, &grant).await;
    assert_eq!(refused.unwrap_err(), WORTHLESS, "it began when they could become older");
}
