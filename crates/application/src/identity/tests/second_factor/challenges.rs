use super::*;

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
    let own = peer.accounts.remove_totp(&Person::Peer.actor(), typed(peer.code())).await;
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
    peer.accounts.remove_totp(&Person::Peer.actor(), typed(peer.code())).await.unwrap();
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
async fn who_is_deactivated_hears_so_once_the_code_was_right_too() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    peer.scene.set_deactivated(Person::Peer, Some(at(20)));
    assert_eq!(peer.verify(&token, "000000").await.unwrap_err(), WRONG);
    assert_eq!(peer.verify(&token, &peer.code()).await.unwrap_err(), AppError::Deactivated);
    let last = peer.scene.store.data().events.last().unwrap().fact().unwrap();
    assert_eq!(last, Fact::Identity(IdentityFact::SignInFailed { reason: SignInFailure::Deactivated }));
    assert!(peer.scene.store.data().sessions.is_empty());
}

#[tokio::test]
async fn a_better_hash_of_the_same_password_leaves_a_sign_in_that_waits() {
    let peer = Enrolled::new().await;
    let token = peer.login().await;
    let old = PasswordHash::new("old hash of Peer's password".to_owned());
    {
        let mut data = peer.scene.store.data();
        data.challenges[0].checked = peer.accounts.second_factors.digest_of_password(&old);
        data.users.iter_mut().find(|it| it.id == Person::Peer.id()).unwrap().password_hash = old;
    }
    let known = peer.scene.app.queries.identity.credentials(&Person::Peer.email()).await.unwrap().unwrap();
    peer.accounts.renew_hash(&nobody(), &known, password("Peer's password")).await;
    peer.verify(&token, &peer.code()).await.unwrap();
}
