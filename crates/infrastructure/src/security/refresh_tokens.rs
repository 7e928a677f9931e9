use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tenon_application::identity::{RefreshTokenFacts, RefreshTokens};
use tenon_domain::SessionId;
use uuid::Uuid;

use super::MasterSecret;
use super::master_secret::authenticate;
use super::secret_tokens::random_bytes;

const PREFIX: &str = "tenon_rt_";
const SECRET_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 16;

/// `tenon_rt_<session>_<base64url(secret ‖ signature)>`. It names its session, so that it is found without an index on
/// secrets. The signature, the first half of `HMAC-SHA256(key, session ‖ secret)`, grants nothing: it tells a token
/// that was spent long ago from one that somebody made up.
#[derive(Clone)]
pub struct SignedRefreshTokens {
    signing_key: [u8; 32],
    following_key: [u8; 32],
}

impl SignedRefreshTokens {
    pub fn new(secret: &MasterSecret) -> Self {
        Self { signing_key: secret.key("refresh-tokens"), following_key: secret.key("following-refresh-tokens") }
    }

    fn token(&self, session: SessionId, secret: &[u8]) -> String {
        let signature = self.signature(session, secret).finalize().into_bytes();
        let text = URL_SAFE_NO_PAD.encode([secret, &signature.as_slice()[..SIGNATURE_BYTES]].concat());
        format!("{PREFIX}{}_{text}", session.uuid().simple())
    }

    fn signature(&self, session: SessionId, secret: &[u8]) -> Hmac<Sha256> {
        authenticate(&self.signing_key, &[session.uuid().as_bytes().as_slice(), secret])
    }

    fn is_genuine(&self, session: SessionId, text: &str) -> bool {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return false };
        let Some((secret, signature)) = bytes.split_at_checked(SECRET_BYTES) else { return false };
        // Compares in constant time.
        signature.len() == SIGNATURE_BYTES && self.signature(session, secret).verify_truncated_left(signature).is_ok()
    }
}

impl RefreshTokens for SignedRefreshTokens {
    fn fresh(&self, session: SessionId) -> String {
        self.token(session, &random_bytes::<SECRET_BYTES>())
    }

    /// The secret is `HMAC-SHA256(key, session ‖ salt ‖ 0 ‖ spent)`: nobody can tell it who lacks the key, the salt (which is
    /// in the database) or the spent token (which is not).
    fn following(&self, session: SessionId, spent: &str, salt: &str) -> String {
        let session_id = session.uuid();
        let parts: [&[u8]; 4] = [session_id.as_bytes(), salt.as_bytes(), &[0], spent.as_bytes()];
        let secret = authenticate(&self.following_key, &parts).finalize().into_bytes();
        self.token(session, secret.as_slice())
    }

    fn read(&self, token: &str) -> Option<RefreshTokenFacts> {
        let (named, text) = token.strip_prefix(PREFIX)?.split_once('_')?;
        let id = Uuid::try_parse(named).ok()?;
        let session = SessionId::new(id);
        // Of the many ways to spell an id, tokens were made with one.
        let genuine = id.simple().to_string() == named && self.is_genuine(session, text);
        Some(RefreshTokenFacts { session, genuine })
    }
}
