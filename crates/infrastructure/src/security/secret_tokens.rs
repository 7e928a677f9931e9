use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use tenon_application::identity::SecretTokens;
use tenon_domain::identity::TokenHash;

/// Tokens from the operating system's random numbers, and their SHA-256 digests in hex.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSecretTokens;

impl SecretTokens for RandomSecretTokens {
    fn random(&self) -> String {
        URL_SAFE_NO_PAD.encode(random_bytes::<32>())
    }

    fn random_numbers(&self) -> [u128; 2] {
        [random_bytes(), random_bytes()].map(u128::from_be_bytes)
    }

    fn digest(&self, token: &str) -> TokenHash {
        TokenHash::new(Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A name nobody else has, for telling instances and temporary files apart.
pub(crate) fn random_name() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<12>())
}

pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without random numbers no secret can be made, and none may be weak")]
    SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random numbers");
    bytes
}
