//! A device with a passkey on it, and the browser in front of it, both in software (1Password's).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use reqwest::Url;
use serde_json::{Value, json};

use crate::{Answer, Api, Person, proving, text};

/// The domain that the passkeys of all servers of the tests are bound to, and the page that asks for them.
pub const PASSKEY_DOMAIN: &str = "tenon.example.com";
pub const PASSKEY_ORIGIN: &str = "https://tenon.example.com";

/// It has one passkey at most. A clone is a copy of it.
#[derive(Clone)]
pub struct PasskeyDevice {
    passkey: Option<Passkey>,
    origin: Url,
    counts: bool,
}

/// Whoever holds the device: they are there, and show who they are if they are asked to.
struct Owner;

#[async_trait]
impl UserValidationMethod for Owner {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Self::PasskeyItem>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

impl Default for PasskeyDevice {
    fn default() -> Self {
        Self { passkey: None, origin: Url::parse(PASSKEY_ORIGIN).expect("an origin"), counts: false }
    }
}

impl PasskeyDevice {
    /// One that counts how often it has signed.
    pub fn counting() -> Self {
        Self { counts: true, ..Self::default() }
    }

    /// The same device on a page of another origin.
    pub fn at(&self, origin: &str) -> Self {
        Self { origin: Url::parse(origin).expect("an origin"), ..self.clone() }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Owner, RustCryptoBackend> {
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), self.passkey.clone(), Owner, RustCryptoBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        authenticator
    }

    /// Makes a passkey, in the place of what it had.
    pub async fn create(&mut self, options: &Value) -> Value {
        let options: CredentialCreationOptions =
            serde_json::from_value(json!({"publicKey": options})).expect("options that browsers take");
        let mut client = Client::new(self.authenticator());
        let made = client.register(&self.origin, options, DefaultClientData).await.expect("a new passkey");
        self.passkey = client.authenticator().store().clone();
        json!({
            "id": made.id, "rawId": encode(&made.raw_id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&made.response.client_data_json),
                "attestationObject": encode(&made.response.attestation_object),
                "transports": ["internal"],
            },
        })
    }

    /// Signs with the passkey that it has.
    pub async fn sign(&mut self, options: &Value) -> Value {
        let options: CredentialRequestOptions =
            serde_json::from_value(json!({"publicKey": options})).expect("options that browsers take");
        let mut client = Client::new(self.authenticator());
        let signed = client.authenticate(&self.origin, options, DefaultClientData).await.expect("a signature");
        self.passkey = client.authenticator().store().clone();
        json!({
            "id": signed.id, "rawId": encode(&signed.raw_id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&signed.response.client_data_json),
                "authenticatorData": encode(&signed.response.authenticator_data),
                "signature": encode(&signed.response.signature),
                "userHandle": signed.response.user_handle.as_ref().map(|handle| encode(handle)),
            },
        })
    }

    /// What a sign-in with nothing but the passkey sends.
    pub async fn answer(&mut self, api: &Api) -> Value {
        let started = api.post("/auth/passkey/options", None).await.expect(200);
        json!({"ceremony": started["ceremony"], "credential": self.sign(&started["options"]).await})
    }

    pub async fn sign_in(&mut self, api: &Api) -> Answer {
        let answer = self.answer(api).await;
        api.post("/auth/passkey", answer).await
    }

    /// What a sign-in sends that goes on with this token.
    pub async fn second_factor(&mut self, api: &Api, mfa_token: &str) -> Value {
        let started = api.post("/auth/mfa/passkey/options", json!({"mfa_token": mfa_token})).await.expect(200);
        let passkey = json!({"ceremony": started["ceremony"], "credential": self.sign(&started["options"]).await});
        json!({"mfa_token": mfa_token, "passkey": passkey})
    }

    /// What proves the second factor of who is signed in, once.
    pub async fn step_up(&mut self, api: &Api) -> Value {
        let started = api.post("/users/me/mfa/passkey/options", None).await.expect(200);
        let passkey = json!({"ceremony": started["ceremony"], "credential": self.sign(&started["options"]).await});
        json!({"passkey": passkey})
    }
}

impl Person {
    /// Adds a passkey on this device to the account.
    pub async fn add_passkey(&self, device: &mut PasskeyDevice, name: &str) -> Value {
        self.add_passkey_proving(json!({}), device, name).await
    }

    /// The same for who has a second factor, with what proves it.
    pub async fn add_passkey_proving(&self, proof: Value, device: &mut PasskeyDevice, name: &str) -> Value {
        let started = self.api.post("/users/me/passkeys/options", proving(proof)).await.expect(200);
        let credential = device.create(&started["options"]).await;
        let body = json!({"ceremony": text(&started, "ceremony"), "name": name, "credential": credential});
        self.api.post("/users/me/passkeys", body).await.expect(201)
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
