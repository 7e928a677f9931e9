//! The keys that other services verify access tokens with.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use tenon_application::identity::VerificationKey;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::services::HttpServices;

/// Everybody may keep them. A new key is to be known for longer than this before anything is signed with it.
const CACHING: HeaderValue = HeaderValue::from_static("public, max-age=300");

pub(crate) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list);
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonWebKeySet {
    #[schema(example = json!([{
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "use": "sig",
        "alg": "EdDSA",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    }]))]
    keys: Vec<JsonWebKey>,
}

/// A public key.
#[derive(Serialize, ToSchema)]
pub(crate) struct JsonWebKey {
    #[schema(example = "OKP")]
    kty: &'static str,
    #[schema(example = "Ed25519")]
    crv: &'static str,
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// Of keys on the curve P-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: &'static str,
    /// `EdDSA` or `ES256`. Refuse tokens that say another algorithm.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// What the header of a token names the key by.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
}

impl From<VerificationKey> for JsonWebKey {
    fn from(key: VerificationKey) -> Self {
        let VerificationKey { id, algorithm, key_type, curve, x, y } = key;
        Self { kty: key_type, crv: curve, x, y, purpose: "sig", alg: algorithm, kid: id }
    }
}

/// The public keys of access tokens
///
/// None, as long as tokens are signed with a secret. The first is the one that signs; the others verify what was or
/// will be signed with them. Ask again for an unknown `kid` before you refuse it. The issuer of tokens is `tenon`,
/// their audience `tenon-api`. Whether the session of a token has ended meanwhile is not to be seen from it.
#[utoipa::path(tag = "operations", operation_id = "list_verification_keys", security(()),
    responses((status = 200, body = JsonWebKeySet, description = "The keys")))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn list(services: Data<HttpServices>) -> HttpResponse {
    let keys = services.verification_keys.iter().cloned().map(JsonWebKey::from).collect();
    HttpResponse::Ok().insert_header((CACHE_CONTROL, CACHING)).json(JsonWebKeySet { keys })
}
