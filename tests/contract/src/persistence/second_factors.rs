use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenon_application::identity::{
    BeginTotp, ConfirmTotp, MfaAnswer, Passkeys, ReplaceRecoveryCodes, SecondFactorProof, SecondFactors,
    SecondFactorsView, SignInChallengeArchive,
};
use tenon_application::secrets::{Rotation, SecretArchive, SecretCipher, SecretPlace, rotate};
use tenon_application::{AppError, StoreError};
use tenon_domain::identity::{
    DisplayName, IdentityError, InvitationToAccept, Proof, SealedSecret, SecondFactor, SecondFactorState,
    SignInChallenge, SignInChallengeState, TokenHash, Verdict,
};
use tenon_domain::{SignInChallengeId, UserId};
use tenon_infrastructure::persistence::{SqlSecretArchive, SqlSignInChallengeArchive};
use tenon_infrastructure::security::{
    MasterSecret, RandomSecretTokens, SecretKey, TotpCodes, WebauthnPasskeys, WebauthnSettings, XChaChaSecretCipher,
};

use super::fixture::{Fixture, email};
use super::on_every_database;

on_every_database! {
    a_second_factor_comes_back_as_saved_and_is_gone_once_removed,
    a_second_factor_changed_since_is_stale,
    of_many_uses_of_a_code_at_once_one_succeeds,
    a_challenge_comes_back_as_posed_and_counts_wrong_codes,
    a_challenge_follows_the_hash_that_it_was_begun_with,
    only_challenges_that_expired_long_enough_ago_are_forgotten,
    whether_an_organization_requires_second_factors_is_kept,
    secrets_are_encrypted_again_with_the_newest_key,
}

fn digests(texts: &[&str]) -> Vec<TokenHash> {
    texts.iter().map(|text| TokenHash::new((*text).to_owned())).collect()
}

fn sealed(key_id: &str) -> SealedSecret {
    SealedSecret { key_id: key_id.to_owned(), ciphertext: "c".repeat(81) }
}

fn name() -> DisplayName {
    DisplayName::parse("Ada").unwrap()
}

async fn save(fixture: &Fixture, factor: SecondFactor) -> bool {
    let mut unit = fixture.deployment().await;
    unit.second_factors().save(factor).await.unwrap();
    unit.commit().await.unwrap()
}

async fn stored(fixture: &Fixture, user: UserId) -> Option<SecondFactorState> {
    let mut unit = fixture.deployment().await;
    unit.second_factors().find(user).await.unwrap().map(|factor| factor.state().clone())
}

async fn a_second_factor_comes_back_as_saved_and_is_gone_once_removed(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    assert_eq!(stored(fixture, ada).await, None);
    assert!(!save(fixture, SecondFactor::begin(ada, sealed("2026"), fixture.now())).await, "nobody is told");
    let begun = stored(fixture, ada).await.unwrap();
    let fresh = SecondFactor::begin(ada, sealed("2026"), fixture.now());
    assert_eq!(begun, SecondFactorState { version: 1, ..fresh.state().clone() });
    let identity = &fixture.queries.identity;
    assert_eq!(identity.second_factors(ada).await.unwrap(), SecondFactorsView::default());

    fixture.clock.advance(Duration::from_millis(1));
    let mut factor = SecondFactor::restore(begun);
    let codes = digests(&["first", "second"]);
    assert_eq!(factor.confirm(&Proof::Step(59_841_780), codes, &name(), fixture.now()), Ok(Verdict::Accepted));
    let confirmed = SecondFactorState { version: 2, ..factor.state().clone() };
    assert!(save(fixture, factor).await, "the event is stored");
    assert_eq!(stored(fixture, ada).await, Some(confirmed.clone()));
    let view = SecondFactorsView { confirmed_at: Some(fixture.now()), recovery_codes_left: 2, passkeys: 0 };
    assert_eq!(identity.second_factors(ada).await.unwrap(), view);

    let mut factor = SecondFactor::restore(confirmed);
    assert_eq!(factor.weigh(&Proof::Nothing, &name(), fixture.now()), Verdict::Wrong);
    let wrong = SecondFactorState { version: 3, ..factor.state().clone() };
    assert!(!save(fixture, factor).await, "a wrong code is counted, though no event tells of it");
    assert_eq!(stored(fixture, ada).await, Some(wrong.clone()));

    let mut unit = fixture.deployment().await;
    let mut factor = SecondFactor::restore(wrong);
    factor.disable(&name());
    unit.second_factors().remove(factor).await.unwrap();
    assert!(unit.commit().await.unwrap());
    assert_eq!(stored(fixture, ada).await, None);
    assert_eq!(identity.second_factors(ada).await.unwrap(), SecondFactorsView::default());
    assert_eq!(identity.second_factors(fixture.id()).await.unwrap(), SecondFactorsView::default());
}

async fn a_second_factor_changed_since_is_stale(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    save(fixture, SecondFactor::begin(ada, sealed("2026"), fixture.now())).await;
    let read = stored(fixture, ada).await.unwrap();
    save(fixture, SecondFactor::restore(read.clone())).await;
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.second_factors().save(SecondFactor::restore(read.clone())).await, Err(StoreError::Stale));
    assert_eq!(unit.second_factors().remove(SecondFactor::restore(read)).await, Err(StoreError::Stale));
    let begun_twice = SecondFactor::begin(ada, sealed("2026"), fixture.now());
    let begun_twice = unit.second_factors().save(begun_twice).await;
    assert!(matches!(begun_twice, Err(StoreError::Duplicate(_))), "{begun_twice:?}");
}

fn master() -> MasterSecret {
    MasterSecret::new(&[7; 32]).unwrap()
}

fn second_factors() -> SecondFactors {
    SecondFactors {
        codes: Arc::new(TotpCodes),
        cipher: Arc::new(XChaChaSecretCipher::new(&[], &master())),
        secrets: Arc::new(RandomSecretTokens),
    }
}

/// What somebody shows of their second factor.
pub(super) fn proof(code: Option<&str>) -> SecondFactorProof {
    let settings = WebauthnSettings::default();
    let verifier = WebauthnPasskeys::new(&settings, &"https://tenon.example.com".parse().unwrap()).unwrap();
    let passkeys = Passkeys {
        verifier: Arc::new(verifier),
        cipher: Arc::new(XChaChaSecretCipher::new(&[], &master())),
        secrets: Arc::new(RandomSecretTokens),
    };
    let answer = code.map(|code| MfaAnswer::Code(code.to_owned()));
    SecondFactorProof { answer, second_factors: second_factors(), passkeys }
}

/// What an app with the secret of RFC 6238 shows when the clock of the fixture starts, and two steps later.
const CODES: [&str; 2] = ["607001", "845388"];

async fn of_many_uses_of_a_code_at_once_one_succeeds(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let factors = second_factors();
    let place = SecretPlace { purpose: SecretPlace::TOTP, owner: ada.viewer.user.uuid() };
    let secret = factors.cipher.seal(place, b"12345678901234567890").unwrap();
    let proven = fixture.queries.identity.credentials(&email("ada")).await.unwrap().unwrap();
    fixture.app.execute(&ada.actor, BeginTotp { proven, proof: proof(None), secret }).await.unwrap().unwrap();
    let confirm =
        ConfirmTotp { code: CODES[0].to_owned(), recovery_codes: digests(&["first"]), second_factors: factors };
    fixture.app.execute(&ada.actor, confirm).await.unwrap().unwrap();

    fixture.clock.advance(Duration::from_secs(60));
    let attempts = (0..6).map(|_| {
        let (app, actor) = (fixture.app.clone(), ada.actor.clone());
        let replace = ReplaceRecoveryCodes { proof: proof(Some(CODES[1])), recovery_codes: digests(&["second"]) };
        tokio::spawn(async move { app.execute(&actor, replace).await })
    });
    let mut outcomes = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        outcomes.push(attempt.await.unwrap().unwrap());
    }
    let wrong = Err(AppError::from(IdentityError::WrongCode));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(())).count(), 1, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == wrong).count(), 5, "{outcomes:?}");
    assert_eq!(stored(fixture, ada.viewer.user).await.unwrap().wrong_codes, 5, "each was counted");
}

async fn pose(fixture: &Fixture, user: UserId, invitation: Option<InvitationToAccept>) -> SignInChallengeState {
    let [token, checked] = ["d", "e"].map(|digit| TokenHash::new(digit.repeat(64)));
    let challenge = SignInChallenge::pose(fixture.id(), user, token, checked, invitation, fixture.now());
    let state = challenge.state().clone();
    let mut unit = fixture.deployment().await;
    unit.challenges().pose(challenge).await.unwrap();
    unit.commit().await.unwrap();
    state
}

async fn posed(fixture: &Fixture, id: SignInChallengeId) -> Option<SignInChallengeState> {
    let mut unit = fixture.deployment().await;
    unit.challenges().find(id).await.unwrap().map(SignInChallenge::into_state)
}

async fn a_challenge_comes_back_as_posed_and_counts_wrong_codes(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let to_accept = |mailed| Some(InvitationToAccept { id: fixture.id(), mailed });
    for invitation in [None, to_accept(true), to_accept(false)] {
        let state = pose(fixture, ada, invitation).await;
        assert_eq!(posed(fixture, state.id).await, Some(state.clone()));

        let mut unit = fixture.deployment().await;
        assert_eq!(unit.challenges().owner_of(state.id).await.unwrap(), Some(ada));
        let mut challenge = unit.challenges().find(state.id).await.unwrap().unwrap();
        challenge.note_wrong_code();
        let late = challenge.clone();
        unit.challenges().save(challenge).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(posed(fixture, state.id).await, Some(SignInChallengeState { wrong_codes: 1, ..state.clone() }));

        let mut unit = fixture.deployment().await;
        unit.challenges().remove(state.id).await.unwrap();
        assert_eq!(unit.challenges().save(late).await, Err(StoreError::Stale));
        unit.commit().await.unwrap();
        assert_eq!(posed(fixture, state.id).await, None);
    }
}

async fn a_challenge_follows_the_hash_that_it_was_begun_with(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await.viewer.user, fixture.found("bob").await.viewer.user);
    let [old, new, other] = ["old", "new", "other"].map(|text| TokenHash::new(text.to_owned()));
    let begun = [(ada, &old), (ada, &other), (bob, &old)].map(|(user, checked)| {
        let token = TokenHash::new("token".to_owned());
        SignInChallenge::pose(fixture.id(), user, token, checked.clone(), None, fixture.now())
    });
    let ids = begun.each_ref().map(|challenge| challenge.state().id);
    let mut unit = fixture.deployment().await;
    for challenge in begun {
        unit.challenges().pose(challenge).await.unwrap();
    }
    unit.challenges().follow_hash(ada, &old, &new).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = fixture.deployment().await;
    for (id, checked) in ids.into_iter().zip([new, other, old]) {
        assert_eq!(unit.challenges().find(id).await.unwrap().unwrap().state().checked, checked);
    }
}

async fn only_challenges_that_expired_long_enough_ago_are_forgotten(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    let archive = SqlSignInChallengeArchive::new(fixture.database.clone());
    let first = pose(fixture, ada, None).await;
    fixture.clock.advance(Duration::from_millis(1));
    let second = pose(fixture, ada, None).await;
    assert_eq!(archive.purge(first.expires_at).await.unwrap(), 0);
    assert_eq!(archive.purge(second.expires_at).await.unwrap(), 1);
    assert!(posed(fixture, first.id).await.is_none() && posed(fixture, second.id).await.is_some());
}

async fn whether_an_organization_requires_second_factors_is_kept(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    for required in [true, false] {
        let mut unit = fixture.unit(&ada).await;
        let mut organization = unit.organizations().current().await.unwrap().unwrap();
        organization.require_mfa(required, fixture.now());
        assert_eq!(unit.organizations().save(organization).await.unwrap().require_mfa, required);
        assert!(unit.commit().await.unwrap(), "the event is stored");
        let (identity, organizations) = (&fixture.queries.identity, &fixture.queries.organizations);
        assert_eq!(identity.requires_mfa(ada.viewer.organization).await.unwrap(), required);
        assert_eq!(organizations.find(ada.viewer).await.unwrap().unwrap().require_mfa, required);
        assert!(!identity.requires_mfa(eve.viewer.organization).await.unwrap());
        assert!(!identity.requires_mfa(fixture.id()).await.unwrap());
    }
}

/// A key like `2026`, made of one byte.
fn key(id: &str, byte: u8) -> SecretKey {
    SecretKey::parse(&format!("{id}:{}", STANDARD.encode([byte; 32]))).unwrap()
}

/// More users than are read at once, each with a secret of their own that was encrypted with this.
async fn seal(fixture: &Fixture, cipher: &XChaChaSecretCipher, users: usize) -> Vec<SecretPlace> {
    let mut places = Vec::new();
    let mut unit = fixture.deployment().await;
    for number in 0..users {
        let user = fixture.user(&format!("{}-{number}", cipher.newest_key()));
        let place = SecretPlace { purpose: SecretPlace::TOTP, owner: user.state().id.uuid() };
        let secret = cipher.seal(place, place.owner.as_bytes()).unwrap();
        let factor = SecondFactor::begin(user.state().id, secret, fixture.now());
        unit.users().save(user).await.unwrap();
        unit.second_factors().save(factor).await.unwrap();
        places.push(place);
    }
    unit.commit().await.unwrap();
    places
}

async fn secrets_are_encrypted_again_with_the_newest_key(fixture: &Fixture) {
    let cipher = |keys: &[SecretKey]| XChaChaSecretCipher::new(keys, &master());
    let (old, both) = (cipher(&[key("2025", 5)]), cipher(&[key("2026", 6), key("2025", 5)]));
    let mut places = seal(fixture, &old, 201).await;
    places.extend(seal(fixture, &both, 2).await);
    let archive = SqlSecretArchive::new(fixture.database.clone());
    assert_eq!(archive.count_by_key().await.unwrap(), [("2025".to_owned(), 201), ("2026".to_owned(), 2)]);
    let stored_old = archive.sealed_with_others("2026", None).await.unwrap();
    let read = stored(fixture, UserId::new(places[0].owner)).await.unwrap();

    // Those whose key is gone do not keep the others from being encrypted again.
    let without = cipher(&[key("2026", 6)]);
    let lost = seal(fixture, &cipher(&[key("2024", 4)]), 1).await;
    assert_eq!(rotate(&archive, &without).await, Ok(Rotation { sealed: 0, unreadable: 202 }));
    assert_eq!(rotate(&archive, &both).await, Ok(Rotation { sealed: 201, unreadable: 1 }));
    let counts = [("2024".to_owned(), 1), ("2026".to_owned(), 203)];
    assert_eq!(archive.count_by_key().await.unwrap(), counts);
    assert_eq!(rotate(&archive, &both).await, Ok(Rotation { sealed: 0, unreadable: 1 }));
    assert!(stored(fixture, UserId::new(lost[0].owner)).await.is_some(), "it is left alone");
    let new = cipher(&[key("2026", 6)]);
    for place in places {
        let factor = stored(fixture, UserId::new(place.owner)).await.unwrap();
        assert_eq!(new.open(place, &factor.secret), Ok(place.owner.as_bytes().to_vec()));
    }

    let mut unit = fixture.deployment().await;
    let stale = unit.second_factors().save(SecondFactor::restore(read)).await;
    assert_eq!(stale, Err(StoreError::Stale), "it would bring the old key back");
    drop(unit);
    let [changed, ..] = stored_old.as_slice() else { panic!("there were some") };
    assert!(!archive.replace(changed, &changed.sealed).await.unwrap(), "it is another one by now");
}
