//! Browsers that come back, or somebody else's in their place.

use proptest::prelude::*;
use tenon_domain::identity::SealedSecret;

use super::super::transaction::SignInTransaction;
use super::*;
use crate::in_memory::plain_cipher;

fn input(state: &str) -> CallbackInput {
    let (state, code) = (Some(state.to_owned()), Some("code".to_owned()));
    CallbackInput { state, code, ..CallbackInput::default() }
}

const LOST: &str = "https://tenon.example/#error=auth.oidc_lost";

#[tokio::test]
async fn a_browser_that_was_not_sent_is_sent_home() {
    let stage = Stage::new().await;
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let departure = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap();
    let (own, state) = (departure.transaction.unwrap(), stage.gateway.asked().1.state);
    let another = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap().transaction.unwrap();
    for (cookie, input) in [
        (None, input(&state)),
        (Some(another.as_str()), input(&state)),
        (Some(own.as_str()), input("another")),
        (Some(own.as_str()), CallbackInput::default()),
        (Some("plain.nonsense"), input(&state)),
        (Some(""), input(&state)),
    ] {
        let back = stage.service.finish(&nobody(), &stage.of_acme(), cookie, &input).await;
        assert_eq!((back.location.as_str(), back.browser), (LOST, None), "{cookie:?}");
    }
    stage.scene.clock.set(20);
    let late = stage.service.finish(&nobody(), &stage.of_acme(), Some(&own), &input(&state)).await;
    assert_eq!(late.location, LOST, "after ten minutes");
    stage.scene.clock.set(19);
    let back = stage.service.finish(&nobody(), &stage.of_acme(), Some(&own), &input(&state)).await;
    assert!(!code(&back).is_empty());
}

#[tokio::test]
async fn what_one_provider_answers_is_not_taken_for_anothers() {
    let stage = Stage::new().await;
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let departure = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap();
    let (client, AuthorizationRequest { state, .. }) = stage.gateway.asked();
    let own = format!("https://tenon.example/api/v1/auth/oidc/{}/callback", stage.provider);
    assert_eq!(client.redirect_uri, own);
    let sealed = departure.transaction.as_deref();
    let back = stage.service.finish(&nobody(), &Stage::of_deployment(), sealed, &input(&state)).await;
    assert_eq!((back.location.as_str(), back.browser), (LOST, None));
    let back = stage.service.finish(&nobody(), &stage.of_acme(), sealed, &input(&state)).await;
    assert!(!code(&back).is_empty());
}

#[tokio::test]
async fn who_comes_too_often_is_told_so_at_their_page() {
    let stage = Stage::new().await;
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let sealed = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap().transaction;
    let named = || Some("https://tenon.example/named".to_owned());
    for (page, sealed, expected) in [
        (named(), None, "https://tenon.example/named"),
        (named(), sealed.as_deref(), "https://tenon.example/named"),
        (None, sealed.as_deref(), PAGE),
        (None, Some("plain.nonsense"), "https://tenon.example/"),
        (None, None, "https://tenon.example/"),
    ] {
        assert_eq!(stage.service.turned_back(page, sealed), format!("{expected}#error=rate_limited"));
    }
}

#[tokio::test]
async fn a_page_that_a_browser_can_keep_is_found_again() {
    let stage = Stage::new().await;
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let (longest, key) = (1_998, ProviderKey::Organization(stage.provider));
    for filling in ["a", "%C3%A9", "\\"] {
        let times = longest / serde_json::to_string(filling).unwrap().trim_matches('"').len();
        let page = filling.repeat(times);
        assert!(SingleSignOn::can_return_to(&page), "{filling}");
        assert!(!SingleSignOn::can_return_to(&format!("{page}{page}")), "{filling}");
        let sealed = stage.service.start(&key, page).await.unwrap().transaction.unwrap();
        // The cipher of the tests lists bytes. A real one writes base64, and adds a nonce, a tag and the id of its key.
        let bytes = sealed.split(", ").count();
        assert!((bytes + 24 + 16) * 4 / 3 + 100 < 4096, "{bytes}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_organization_whose_provider_is_slow_leaves_the_others_their_places() {
    let stage = Stage::new().await;
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let departure = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap();
    let state = stage.gateway.asked().1.state;
    let mut provider = stage.service.provider(&stage.of_acme()).await.unwrap().unwrap();
    let mut calls = Vec::new();
    while let Some(call) = stage.service.calls.begin(&provider).await {
        calls.push(call);
    }
    assert_eq!(calls.len(), 4);
    let location = format!("{PAGE}#error={}", SignInRefusal::Unavailable.code());
    let full = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap();
    assert_eq!(full, Departure { location, transaction: None });
    let sealed = departure.transaction.as_deref();
    let back = stage.service.finish(&nobody(), &stage.of_acme(), sealed, &input(&state)).await;
    refused(&back, SignInRefusal::Unavailable);

    let of_deployment = stage.service.start(&Stage::of_deployment(), PAGE.to_owned()).await.unwrap();
    assert!(of_deployment.transaction.is_some());
    provider.organization = Some(OrganizationId::new(Uuid::from_u128(0xB0)));
    assert!(stage.service.calls.begin(&provider).await.is_some(), "another organization");
    calls.pop();
    let back = stage.service.finish(&nobody(), &stage.of_acme(), sealed, &input(&state)).await;
    assert!(!code(&back).is_empty());
}

#[tokio::test]
async fn what_goes_out_comes_back() {
    let stage = Stage::new().await;
    stage.visit(&stage.of_acme(), claims("Peer", &[])).await;
    let (client, redeemed) = stage.gateway.asked();
    assert_eq!((client.client_id.as_str(), client.scopes.as_str()), ("tenon", "openid email profile"));
    assert_eq!(client.client_secret, Some(OidcClientSecret::new("hidden".to_owned())), "opened again");
    let texts = [&redeemed.state, &redeemed.nonce, &redeemed.verifier];
    assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2]);
}

#[tokio::test]
async fn a_page_is_told_a_code_and_nothing_that_the_provider_wrote() {
    let stage = Stage::new().await;
    let key = stage.of_acme();
    let denied = CallbackInput { error: Some("<script>".to_owned()), ..CallbackInput::default() };
    for (failure, input, refusal) in [
        (OidcFailure::Away("503 <script>".to_owned()), input(""), SignInRefusal::Away),
        (OidcFailure::Refused("bad <script>".to_owned()), input(""), SignInRefusal::Failed),
        (OidcFailure::Refused(String::new()), denied, SignInRefusal::Denied),
    ] {
        stage.gateway.answer(Ok(claims("Peer", &[])));
        let departure = stage.service.start(&key, PAGE.to_owned()).await.unwrap();
        let state = Some(stage.gateway.asked().1.state);
        stage.gateway.answer(Err(failure));
        let input = CallbackInput { state, ..input };
        refused(&stage.service.finish(&nobody(), &key, departure.transaction.as_deref(), &input).await, refusal);
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_at_once() {
    let stage = Stage::new().await;
    stage.gateway.answer(Err(OidcFailure::Away("no route".to_owned())));
    let departure = stage.service.start(&stage.of_acme(), PAGE.to_owned()).await.unwrap();
    let location = format!("{PAGE}#error={}", SignInRefusal::Away.code());
    assert_eq!(departure, Departure { location, transaction: None });
}

#[tokio::test]
async fn a_provider_that_is_off_or_gone_takes_nobody() {
    let stage = Stage::new().await;
    let key = stage.of_acme();
    stage.gateway.answer(Ok(claims("Peer", &[])));
    let departure = stage.service.start(&key, PAGE.to_owned()).await.unwrap();
    let state = stage.gateway.asked().1.state;
    stage.scene.store.data().identity_providers[0].1.settings.enabled = false;
    let back = stage.service.finish(&nobody(), &key, departure.transaction.as_deref(), &input(&state)).await;
    refused(&back, SignInRefusal::UnknownProvider);
    for key in [key, ProviderKey::Deployment("nobody".to_owned())] {
        let started = stage.service.start(&key, PAGE.to_owned()).await;
        assert_eq!(started, Err(AppError::NotFound("identity_provider")));
    }
}

#[tokio::test]
async fn providers_are_found_by_the_domain_of_an_address() {
    let stage = Stage::new().await;
    let own = stage.provider.to_string();
    let (both, only) = (vec!["corp".to_owned(), own], vec!["corp".to_owned()]);
    for (address, expected) in [
        // Whether there is an account or not.
        (Some("Nobody@Example.com"), &both),
        (Some("peer@example.com"), &both),
        (Some("peer@example.org"), &only),
        (Some("nonsense"), &only),
        (Some(""), &only),
        (None, &only),
    ] {
        let found = stage.service.providers_for(address).await.unwrap();
        let keys: Vec<_> = found.into_iter().map(|it| it.key).collect();
        assert_eq!(&keys, expected, "{address:?}");
    }
}

proptest! {
    #[test]
    fn no_cookie_is_one_that_was_sealed_and_none_makes_it_panic(text in any::<String>(), near in "plain\\.[ -~é]{0,200}") {
        let cipher = plain_cipher();
        for text in [text, near] {
            prop_assert!(SignInTransaction::open(cipher.as_ref(), &text, at(0)).is_none());
        }
    }

    #[test]
    fn what_was_sealed_for_something_else_is_no_sign_in(secret in ".{0,60}") {
        let cipher = plain_cipher();
        let place = crate::secrets::SecretPlace { purpose: crate::secrets::SecretPlace::TOTP, owner: Uuid::nil() };
        let SealedSecret { key_id, ciphertext } = cipher.seal(place, secret.as_bytes()).unwrap();
        let text = format!("{key_id}.{ciphertext}");
        prop_assert!(SignInTransaction::open(cipher.as_ref(), &text, at(0)).is_none());
    }
}
