//! What a stolen session and made-up ceremonies come to.

use super::*;
use crate::in_memory::code_at;

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_adds_none() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    let started = accounts.begin_passkey(&peer, password("Peer's password"), None).await.unwrap();
    scene.store.data().sessions.retain(|it| it.user_id != Person::Peer.id());
    let response = signed(&started.options, "phone", None, 0);
    let refused = accounts.add_passkey(&peer, started.token.expose(), name("Phone"), &response).await;
    assert_eq!(refused.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    assert!(scene.store.data().passkeys.is_empty());
}

#[tokio::test]
async fn what_began_without_a_proof_adds_the_first_second_factor_and_no_other() {
    let (peer, known) = (Person::Peer.actor(), || password("Peer's password"));
    for app_comes_first in [false, true] {
        let scene = Scene::new().with_sessions();
        let accounts = sign_in_service(&scene).0;
        let begin = async || accounts.begin_passkey(&peer, known(), None).await.unwrap();
        let finish = async |started: &StartedCeremony, credential: &str| {
            let response = signed(&started.options, credential, None, 0);
            accounts.add_passkey(&peer, started.token.expose(), name("Phone"), &response).await
        };
        let (first, second) = (begin().await, begin().await);
        let codes = if app_comes_first {
            let app = accounts.begin_totp(&peer, known(), None).await.unwrap();
            accounts.confirm_totp(&peer, &code_at(&app, at(10))).await.unwrap()
        } else {
            finish(&first, "phone").await.unwrap().1.unwrap()
        };
        let refused = finish(&second, "tablet").await.map(drop);
        assert_eq!(refused, broken(IdentityError::PasskeyCeremony), "app first: {app_comes_first}");
        add_with(&accounts, Person::Peer, "tablet", typed(codes[0].grouped())).await.unwrap();
    }
}

#[tokio::test]
async fn made_up_ceremonies_are_counted_together_and_by_address() {
    let throttle = Arc::new(ScriptedThrottle::answering(Admission::Admitted));
    let accounts = Accounts { throttle: throttle.clone(), ..sign_in_service(&Scene::new()).0 };
    for text in ["", "one", "none.another"] {
        accounts.sign_in_with_passkey(&nobody(), text, &Value::Null).await.unwrap_err();
    }
    let accounts: std::collections::HashSet<_> = throttle.told().into_iter().map(|(_, account)| account).collect();
    assert_eq!(accounts.len(), 1, "{accounts:?}");
}

#[tokio::test]
async fn where_addresses_have_to_be_verified_nobody_adds_one_before() {
    let scene = Scene::new().with_sessions();
    let lenient = sign_in_service(&scene).0;
    let strict = Accounts { email_verification: EmailVerification::Required, ..lenient.clone() };
    let (peer, known) = (Person::Peer.actor(), || password("Peer's password"));
    let unverified = AppError::Unauthenticated(Denial::UnverifiedEmail);
    unverify(&scene, Person::Peer);
    assert_eq!(strict.begin_passkey(&peer, known(), None).await.unwrap_err(), unverified);
    let started = lenient.begin_passkey(&peer, known(), None).await.unwrap();
    let response = signed(&started.options, "phone", None, 0);
    let refused = strict.add_passkey(&peer, started.token.expose(), name("Phone"), &response).await;
    assert_eq!(refused.unwrap_err(), unverified, "nor one that was begun before it was required");
    assert!(scene.store.data().passkeys.is_empty());
    add(&strict, Person::Member, "key").await.unwrap();
}
