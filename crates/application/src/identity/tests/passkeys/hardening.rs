//! What a stolen session and made-up ceremonies come to.

use super::*;

#[tokio::test]
async fn a_session_that_was_ended_meanwhile_adds_none() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let peer = Person::Peer.actor();
    let started = accounts.begin_passkey(&peer, password("Peer's password")).await.unwrap();
    scene.store.data().sessions.retain(|it| it.user_id != Person::Peer.id());
    let response = signed(&started.options, "phone", None, 0);
    let refused = accounts.add_passkey(&peer, started.token.expose(), name("Phone"), &response).await;
    assert_eq!(refused.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    assert!(scene.store.data().passkeys.is_empty());
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
