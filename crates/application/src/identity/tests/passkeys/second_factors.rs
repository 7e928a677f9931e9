use tenon_domain::identity::{MfaMethod, SignInChallenge};

use super::*;
use crate::in_memory::{authenticator, code_at};

impl WithPasskey {
    /// A sign-in whose password was right.
    async fn login(&self) -> MfaToken {
        match self.accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await {
            Err(AppError::MfaRequired(token)) => token,
            other => panic!("{other:?}"),
        }
    }

    async fn answer(&self, token: &MfaToken, ceremony: &str, response: Value) -> Result<SignedIn, AppError> {
        let answer = MfaAnswer::Passkey { ceremony: ceremony.to_owned(), response };
        self.accounts.verify_mfa(&nobody(), token.expose(), answer).await
    }

    async fn meet(&self, token: &MfaToken, counter: u32) -> Result<SignedIn, AppError> {
        let started = self.accounts.begin_mfa_passkey(&nobody(), token.expose()).await.unwrap();
        self.answer(token, started.token.expose(), self.sign(&started.options, counter)).await
    }

    async fn code(&self, token: &MfaToken, code: &str) -> Result<SignedIn, AppError> {
        self.accounts.verify_mfa(&nobody(), token.expose(), MfaAnswer::Code(code.to_owned())).await
    }

    async fn found(&self) -> SecondFactorsView {
        self.scene.app.ask(&Person::Peer.actor(), FindSecondFactors).await.unwrap()
    }
}

#[tokio::test]
async fn who_has_only_passkeys_is_asked_for_one_after_the_password() {
    let peer = WithPasskey::new().await;
    let token = peer.login().await;
    assert_eq!(token.methods(), [MfaMethod::RecoveryCode, MfaMethod::Passkey]);
    let started = peer.accounts.begin_mfa_passkey(&nobody(), token.expose()).await.unwrap();
    assert_eq!(started.options["credentials"], json!(["phone"]));
    let signed_in = peer.meet(&token, 1).await.unwrap();
    assert_eq!(signed_in.user.id, Person::Peer.id());
    assert_eq!(peer.scene.told(), ["auth.signed_in", "auth.passkey_used"]);
    let over = peer.accounts.begin_mfa_passkey(&nobody(), token.expose()).await;
    assert_eq!(over.unwrap_err(), AppError::Unauthenticated(Denial::InvalidMfaToken));

    let token = peer.login().await;
    assert_eq!(peer.code(&token, "123456").await.unwrap_err(), AppError::Unauthenticated(Denial::InvalidCode));
    peer.code(&token, &peer.recovery_codes[0]).await.unwrap();
    assert_eq!(peer.found().await.recovery_codes_left, 9);
}

#[tokio::test]
async fn a_ceremony_is_good_for_the_sign_in_that_it_began_for() {
    let peer = WithPasskey::new().await;
    let (first, second) = (peer.login().await, peer.login().await);
    let started = peer.accounts.begin_mfa_passkey(&nobody(), first.expose()).await.unwrap();
    let response = peer.sign(&started.options, 1);
    let elsewhere = peer.answer(&second, started.token.expose(), response.clone()).await;
    assert_eq!(elsewhere.unwrap_err(), REFUSED);
    let alone = peer.accounts.sign_in_with_passkey(&nobody(), started.token.expose(), &response).await;
    assert_eq!(alone.unwrap_err(), REFUSED);
    peer.answer(&first, started.token.expose(), response).await.unwrap();
}

#[tokio::test]
async fn wrong_passkeys_count_like_wrong_codes() {
    let peer = WithPasskey::new().await;
    for _ in 0..2 {
        let token = peer.login().await;
        for _ in 0..SignInChallenge::MAX_WRONG_CODES {
            assert_eq!(peer.answer(&token, "nonsense", Value::Null).await.unwrap_err(), REFUSED);
        }
        let worthless = peer.code(&token, &peer.recovery_codes[0]).await;
        assert_eq!(worthless.unwrap_err(), AppError::Unauthenticated(Denial::InvalidMfaToken));
    }
    let token = peer.login().await;
    assert!(matches!(peer.meet(&token, 1).await, Err(AppError::TooManyAttempts { .. })));
    peer.sign_in(1).await.unwrap();
}

#[tokio::test]
async fn the_first_one_ends_other_sessions_and_brings_recovery_codes() {
    let scene = Scene::new().with_sessions();
    let accounts = sign_in_service(&scene).0;
    let login = accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
    let codes = add(&accounts, Person::Peer, "phone").await.unwrap().1.unwrap();
    assert_eq!(codes.len(), 10);
    let ended = authenticator(&scene, &accounts).authenticate(&login.access_token).await;
    assert_eq!(ended.unwrap_err(), AppError::Unauthenticated(Denial::EndedSession));
    assert_eq!(mails(&scene).pop().unwrap().kind, "account.passkey_added");
    let (_, codes) = add_with(&accounts, Person::Peer, "tablet", typed(codes[0].grouped())).await.unwrap();
    assert_eq!(codes, None);
}

#[tokio::test]
async fn an_organization_that_requires_second_factors_is_content_with_a_passkey() {
    let peer = WithPasskey::new().await;
    let require = || peer.scene.store.data().organizations.iter_mut().for_each(|it| it.require_mfa = true);
    require();
    peer.scene.app.sessions.check_mfa(Person::Peer.viewer()).await.unwrap();
    let refused = peer.scene.app.sessions.check_mfa(Person::Member.viewer()).await;
    assert_eq!(refused, Err(AppError::MfaEnrollmentRequired));
    add(&peer.accounts, Person::Member, "key").await.unwrap();
    peer.scene.app.sessions.check_mfa(Person::Member.viewer()).await.unwrap();
    let actor = Person::Peer.actor();
    let (id, proof) = (peer.passkey.id, peer.proof(1).await);
    peer.accounts.remove_passkey(&actor, id, password("Peer's password"), proof, None).await.unwrap();
    let refused = peer.scene.app.sessions.check_mfa(Person::Peer.viewer()).await;
    assert_eq!(refused, Err(AppError::MfaEnrollmentRequired), "the cache was told");
}

#[tokio::test]
async fn the_app_and_passkeys_are_removed_one_without_the_other() {
    let peer = WithPasskey::new().await;
    let actor = Person::Peer.actor();
    let app = peer.accounts.begin_totp(&actor, password("Peer's password"), peer.proof(1).await).await.unwrap();
    let codes = peer.accounts.confirm_totp(&actor, &code_at(&app, at(20))).await.unwrap();
    let token = peer.login().await;
    assert_eq!(token.methods(), [MfaMethod::Totp, MfaMethod::RecoveryCode, MfaMethod::Passkey]);
    peer.scene.clock.set(21);
    peer.accounts.remove_totp(&actor, typed(code_at(&app, at(21)))).await.unwrap();
    let view = peer.found().await;
    assert_eq!((view.has_app(), view.is_enabled(), view.recovery_codes_left), (false, true, 10));
    let gone = peer.accounts.remove_totp(&actor, typed(codes[0].grouped())).await;
    assert_eq!(gone, broken(IdentityError::NoSecondFactor));
    let mail = mails(&peer.scene).pop().unwrap();
    assert_eq!(
        (mail.kind.as_str(), mail.title.as_str()),
        ("account.second_factor_disabled", "Your authenticator app was removed")
    );
    peer.code(&peer.login().await, &codes[0].grouped()).await.unwrap();

    let (id, code) = (peer.passkey.id, typed(codes[1].grouped()));
    peer.accounts.remove_passkey(&actor, id, password("Peer's password"), code, None).await.unwrap();
    assert_eq!(peer.found().await, SecondFactorsView::default());
    assert!(peer.scene.store.data().second_factors.is_empty(), "the recovery codes go with the last one");
    peer.accounts.login(&nobody(), "peer@example.com", password("Peer's password")).await.unwrap();
}

#[tokio::test]
async fn a_recovery_code_that_took_the_app_away_is_told_of_while_others_are_left() {
    let peer = WithPasskey::new().await;
    let actor = Person::Peer.actor();
    let app =
        peer.accounts.begin_totp(&actor, password("Peer's password"), typed(&peer.recovery_codes[1])).await.unwrap();
    let codes = peer.accounts.confirm_totp(&actor, &code_at(&app, at(20))).await.unwrap();
    peer.scene.store.data().events.clear();
    peer.accounts.remove_totp(&actor, typed(codes[0].grouped())).await.unwrap();
    let kinds: Vec<_> = mails(&peer.scene).into_iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds, ["account.recovery_code_used", "account.second_factor_disabled"]);
}

#[tokio::test]
async fn a_recovery_code_that_took_a_passkey_away_is_told_of_while_others_are_left() {
    let peer = WithPasskey::new().await;
    let (actor, known) = (Person::Peer.actor(), || password("Peer's password"));
    let (tablet, _) = add_with(&peer.accounts, Person::Peer, "tablet", typed(&peer.recovery_codes[0])).await.unwrap();
    let remove = async |id, code: &str| {
        peer.scene.store.data().events.clear();
        peer.accounts.remove_passkey(&actor, id, known(), typed(code), None).await.unwrap();
        mails(&peer.scene).into_iter().map(|mail| mail.kind).collect::<Vec<_>>()
    };
    let told = remove(tablet.id, &peer.recovery_codes[1]).await;
    assert_eq!(told, ["account.recovery_code_used", "account.passkey_removed"]);
    let told = remove(peer.passkey.id, &peer.recovery_codes[2]).await;
    assert_eq!(told, ["account.passkey_removed"], "the codes have gone with it");
}

#[tokio::test]
async fn a_recovery_code_does_not_confirm_an_app_and_stays_good() {
    let peer = WithPasskey::new().await;
    let actor = Person::Peer.actor();
    peer.accounts.begin_totp(&actor, password("Peer's password"), typed(&peer.recovery_codes[1])).await.unwrap();
    let refused = peer.accounts.confirm_totp(&actor, &peer.recovery_codes[0]).await;
    assert_eq!(refused.map(drop), broken(IdentityError::WrongCode));
    let view = peer.found().await;
    assert_eq!((view.has_app(), view.recovery_codes_left), (false, 9));
    peer.code(&peer.login().await, &peer.recovery_codes[0]).await.unwrap();
}
