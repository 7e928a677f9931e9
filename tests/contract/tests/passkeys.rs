//! What strangers send in ceremonies with passkeys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenon_application::identity::{Assertion, CeremonyPurpose, CeremonyToken, PasskeyVerifier, Passkeys};
use tenon_domain::{SessionId, SignInChallengeId, Timestamp};
use tenon_infrastructure::security::{
    MasterSecret, RandomSecretTokens, WebauthnPasskeys, WebauthnSettings, XChaChaSecretCipher,
};
use uuid::Uuid;

fn verifier() -> WebauthnPasskeys {
    let settings = WebauthnSettings::default();
    WebauthnPasskeys::new(&settings, &"https://tenon.example.com".parse().unwrap()).unwrap()
}

fn passkeys() -> Passkeys {
    Passkeys {
        verifier: Arc::new(verifier()),
        cipher: Arc::new(XChaChaSecretCipher::new(&[], &MasterSecret::new(&[7; 32]).unwrap())),
        secrets: Arc::new(RandomSecretTokens),
    }
}

fn now() -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

#[test]
fn a_token_opens_where_it_was_given_out_until_it_expires() {
    let passkeys = passkeys();
    let id = Uuid::from_u128(7);
    let purposes = [
        CeremonyPurpose::SignIn,
        CeremonyPurpose::Registration { session: SessionId::new(id), proved: true },
        CeremonyPurpose::Registration { session: SessionId::new(id), proved: false },
        CeremonyPurpose::SecondFactor(SignInChallengeId::new(id)),
        CeremonyPurpose::Registration { session: SessionId::new(Uuid::from_u128(8)), proved: true },
        CeremonyPurpose::StepUp(SessionId::new(id)),
    ];
    for purpose in purposes {
        let token = passkeys.seal(purpose, "the state", now()).unwrap();
        let last = now() + CeremonyToken::LIFETIME - TimeDelta::milliseconds(1);
        let opened = passkeys.open(purpose, token.expose(), last).unwrap();
        assert_eq!((opened.state.as_str(), opened.expires_at), ("the state", now() + CeremonyToken::LIFETIME));
        assert_eq!(passkeys.open(purpose, token.expose(), now() + CeremonyToken::LIFETIME), None);
        for other in purposes.iter().filter(|other| **other != purpose) {
            assert_eq!(passkeys.open(*other, token.expose(), now()), None, "{other:?}");
        }
        assert_eq!(passkeys.open(purpose, &format!("{}A", token.expose()), now()), None);
    }
}

/// JSON of any shape, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[A-Za-z0-9_-]{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What has the shape of an answer, with made-up bytes in it.
fn near(id: &str, bytes: [&str; 3]) -> Value {
    let [client_data, first, second] = bytes;
    json!({
        "id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": client_data, "attestationObject": first, "authenticatorData": first, "signature": second,
            "userHandle": second, "transports": ["internal", "unheard-of"],
        },
    })
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in any::<String>(), near in "(derived|none)\\.[A-Za-z0-9_-]{0,200}") {
        for made_up in [text, near] {
            prop_assert_eq!(passkeys().open(CeremonyPurpose::SignIn, &made_up, now()), None);
        }
    }

    #[test]
    fn nothing_made_up_is_an_answer(
        json in any_json(),
        id in "[A-Za-z0-9_-]{0,40}",
        client_data in "[A-Za-z0-9_-]{0,200}",
        first in "[A-Za-z0-9_-]{0,200}",
        second in "[A-Za-z0-9_-]{0,80}",
        state in any::<String>(),
    ) {
        let verifier = verifier();
        let user = tenon_domain::identity::User::register(
            Uuid::from_u128(1).into(),
            tenon_domain::identity::Email::parse("ada@example.com").unwrap(),
            tenon_domain::identity::DisplayName::parse("Ada").unwrap(),
            tenon_domain::identity::PasswordHash::unusable(),
            now(),
        );
        let registration = verifier.begin_registration(&user.state().clone().into(), &[]).unwrap();
        let assertion = verifier.begin_assertion(&[]).unwrap();
        for response in [json, near(&id, [&client_data, &first, &second])] {
            verifier.identify(&response);
            for state in [&registration.state, &assertion.state, &state] {
                prop_assert_eq!(verifier.register(state, &response), None);
                let verdict = verifier.verify(state, &response, "{}");
                prop_assert_eq!(verdict, Assertion::Refused);
            }
        }
    }
}
