use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenon_application::AppError;
use tenon_application::identity::{PasskeyView, RenamePasskey, StartedCeremony};
use tenon_domain::identity::{PasskeyName, RecoveryCode};
use tenon_domain::{PasskeyId, Version};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::{Versioned, versioned};
use crate::http::merge_patch::not_null;
use crate::http::path::id_ref;
use crate::http::validation::checks;
use crate::http::wire::Moment;

checks! {
    name: str => PasskeyName::parse;
}

id_ref! {
    /// The passkey that a path names.
    pub(crate) struct PasskeyRef(pub(super) PasskeyId);
    "passkey", "The id of one of your passkeys."
}

/// What a browser needs for a passkey, and what it goes on with.
#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyCeremony)]
pub(crate) struct PasskeyCeremonyResponse {
    /// To be sent along with what the authenticator answers. It is good once, for five minutes.
    #[schema(example = "derived.Zm9yIGV4YW1wbGU")]
    ceremony: String,
    /// As `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes it.
    #[schema(value_type = Object, example = json!({
        "challenge": "Zm9yIGV4YW1wbGU", "rpId": "tenon.example.com", "userVerification": "required",
        "allowCredentials": [],
    }))]
    options: Value,
}

impl From<StartedCeremony> for PasskeyCeremonyResponse {
    fn from(started: StartedCeremony) -> Self {
        Self { ceremony: started.token.expose().to_owned(), options: started.options }
    }
}

/// What your authenticator made of the options, and what it is to be called.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "ceremony": "derived.Zm9yIGV4YW1wbGU", "name": "Phone",
    "credential": {
        "id": "Zm9yIGV4YW1wbGU", "rawId": "Zm9yIGV4YW1wbGU", "type": "public-key", "clientExtensionResults": {},
        "response": { "clientDataJSON": "e30", "attestationObject": "oA", "transports": ["internal"] },
    },
}))]
pub(crate) struct CreatePasskeyBody {
    pub(super) ceremony: String,
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    pub(super) name: String,
    /// What `toJSON()` of the new credential says.
    #[schema(value_type = Object)]
    pub(super) credential: Value,
}

/// What a passkey is to be called. What is left out stays as it is.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Old phone" }))]
pub(crate) struct UpdatePasskeyBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
}

impl UpdatePasskeyBody {
    pub(super) fn into_command(
        self,
        passkey: PasskeyId,
        expected_version: Option<Version>,
    ) -> Result<RenamePasskey, AppError> {
        let name = self.name.map(|name| PasskeyName::parse(&name)).transpose()?;
        Ok(RenamePasskey { passkey, name, expected_version })
    }
}

/// One of your passkeys.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey, example = json!({
    "id": "0199f8a4-2b63-7b8f-9ca9-7e51d3624fbb", "name": "Phone", "synced": true,
    "created_at": "2026-11-21T09:30:00.123Z", "last_used_at": "2026-11-21T11:15:00.456Z", "version": 2,
}))]
pub(crate) struct PasskeyResponse {
    id: Uuid,
    name: String,
    /// Whether it is backed up, and so on more than one device, as far as its authenticator tells.
    synced: bool,
    created_at: Moment,
    #[schema(required = true)]
    last_used_at: Option<Moment>,
    /// It rises with each use, too.
    version: i64,
}

versioned!(PasskeyResponse);

impl From<PasskeyView> for PasskeyResponse {
    fn from(passkey: PasskeyView) -> Self {
        Self {
            id: passkey.id.into(),
            name: passkey.name,
            synced: passkey.synced,
            created_at: passkey.created_at.into(),
            last_used_at: passkey.last_used_at.map(Into::into),
            version: passkey.version,
        }
    }
}

/// A new passkey.
#[derive(Serialize, ToSchema)]
#[schema(as = NewPasskey)]
pub(crate) struct NewPasskeyResponse {
    #[serde(flatten)]
    passkey: PasskeyResponse,
    /// Codes that stand in for your passkeys, if you had none. They are shown only this once; each is good once.
    #[schema(required = true, example = json!(["7kq2-m9xd-4tbn-hw3f"]))]
    recovery_codes: Option<Vec<String>>,
}

impl NewPasskeyResponse {
    pub(super) fn new(passkey: PasskeyView, codes: Option<Vec<RecoveryCode>>) -> Self {
        let recovery_codes = codes.map(|codes| codes.iter().map(RecoveryCode::grouped).collect());
        Self { passkey: passkey.into(), recovery_codes }
    }
}

impl Versioned for NewPasskeyResponse {
    fn id(&self) -> Uuid {
        self.passkey.id
    }

    fn version(&self) -> Version {
        self.passkey.version
    }
}

/// What came of a ceremony, as sign-ins take it, and what asks for your second factor.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "ceremony": "derived.Zm9yIGV4YW1wbGU",
    "credential": {
        "id": "Zm9yIGV4YW1wbGU", "rawId": "Zm9yIGV4YW1wbGU", "type": "public-key", "clientExtensionResults": {},
        "response": { "clientDataJSON": "e30", "authenticatorData": "oA", "signature": "oA", "userHandle": "oA" },
    },
}))]
pub(crate) struct PasskeyAnswerBody {
    pub(in crate::http::identity) ceremony: String,
    /// What `toJSON()` of the credential says that the browser got.
    #[schema(value_type = Object)]
    pub(in crate::http::identity) credential: Value,
}
