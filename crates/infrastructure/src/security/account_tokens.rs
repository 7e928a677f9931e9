use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use tenon_application::identity::AccountTokens;
use tenon_domain::AccountRequestId;
use tenon_domain::identity::AccountRequestKind;
use uuid::Uuid;

use super::MasterSecret;
use super::master_secret::authenticate;

const ID_BYTES: usize = 16;

/// Tokens that hold the request's id and a signature: `base64url(id ‖ HMAC-SHA256(key, kind ‖ id))`, with what the
/// token is for (`reset_password`) as the kind.
#[derive(Clone)]
pub struct SignedAccountTokens {
    key: [u8; 32],
    public_url: String,
}

impl SignedAccountTokens {
    /// `public_url` is where Tenon is reached, with or without a slash at the end.
    pub fn new(secret: &MasterSecret, public_url: &str) -> Self {
        Self { key: secret.key("account-tokens"), public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

impl AccountTokens for SignedAccountTokens {
    fn issue(&self, kind: AccountRequestKind, id: AccountRequestId) -> String {
        let id = id.uuid().into_bytes();
        let signature = authenticate(&self.key, &[kind.as_str().as_bytes(), &id]).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([id.as_slice(), signature.as_slice()].concat())
    }

    fn read(&self, kind: AccountRequestKind, token: &str) -> Option<AccountRequestId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, signature) = bytes.split_at_checked(ID_BYTES)?;
        // Compares in constant time.
        authenticate(&self.key, &[kind.as_str().as_bytes(), id]).verify_slice(signature).ok()?;
        Uuid::from_slice(id).ok().map(AccountRequestId::new)
    }

    fn url(&self, kind: AccountRequestKind, token: &str) -> String {
        format!("{}/account/{}?token={token}", self.public_url, kind.as_str().replace('_', "-"))
    }
}
