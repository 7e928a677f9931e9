use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use tenon_application::organizations::InvitationTokens;
use tenon_domain::InvitationId;
use uuid::Uuid;

use super::MasterSecret;
use super::master_secret::authenticate;

const PURPOSE: &[u8] = b"invitation";
const MAIL_PURPOSE: &[u8] = b"invitation-mail";
const ID_BYTES: usize = 16;

/// Tokens that hold the invitation's id and a signature: `base64url(id ‖ HMAC-SHA256(key, "invitation" ‖ id))`. The one
/// of the mail goes on with a dot and `base64url(HMAC-SHA256(key, "invitation-mail" ‖ id))`.
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

    fn issue_for_mail(&self, id: InvitationId) -> String {
        let proof = authenticate(&self.key, &[MAIL_PURPOSE, &id.uuid().into_bytes()]).finalize().into_bytes();
        format!("{}.{}", self.issue(id), URL_SAFE_NO_PAD.encode(proof))
    }

    fn read(&self, token: &str) -> Option<InvitationId> {
        let (token, proof) = token.split_once('.').map_or((token, None), |(token, proof)| (token, Some(proof)));
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, signature) = bytes.split_at_checked(ID_BYTES)?;
        // Compares in constant time.
        authenticate(&self.key, &[PURPOSE, id]).verify_slice(signature).ok()?;
        if let Some(proof) = proof {
            let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
            authenticate(&self.key, &[MAIL_PURPOSE, id]).verify_slice(&proof).ok()?;
        }
        Uuid::from_slice(id).ok().map(InvitationId::new)
    }

    fn came_by_mail(&self, token: &str) -> bool {
        token.contains('.') && self.read(token).is_some()
    }

    fn accept_url(&self, token: &str) -> String {
        format!("{}/invitations/accept?token={token}", self.public_url)
    }
}
