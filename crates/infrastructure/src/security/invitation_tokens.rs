use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use tenon_application::organizations::InvitationTokens;
use tenon_domain::InvitationId;
use uuid::Uuid;

use super::MasterSecret;
use super::master_secret::authenticate;

const PURPOSE: &[u8] = b"invitation";
const ID_BYTES: usize = 16;

/// Tokens that hold the invitation's id and a signature: `base64url(id ‖ HMAC-SHA256(key, "invitation" ‖ id))`.
#[derive(Clone)]
pub struct SignedInvitationTokens {
    key: [u8; 32],
    public_url: String,
}

impl SignedInvitationTokens {
    /// `public_url` is where Tenon is reached, with or without a slash at the end.
    pub fn new(secret: &MasterSecret, public_url: &str) -> Self {
        Self { key: secret.key("invitation-tokens"), public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

impl InvitationTokens for SignedInvitationTokens {
    fn issue(&self, id: InvitationId) -> String {
        let id = id.uuid().into_bytes();
        let signature = authenticate(&self.key, &[PURPOSE, &id]).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([id.as_slice(), signature.as_slice()].concat())
    }

    fn read(&self, token: &str) -> Option<InvitationId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, signature) = bytes.split_at_checked(ID_BYTES)?;
        // Compares in constant time.
        authenticate(&self.key, &[PURPOSE, id]).verify_slice(signature).ok()?;
        Uuid::from_slice(id).ok().map(InvitationId::new)
    }

    fn accept_url(&self, token: &str) -> String {
        format!("{}/invitations/accept?token={token}", self.public_url)
    }
}
