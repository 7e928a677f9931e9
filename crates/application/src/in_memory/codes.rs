//! Second factors whose codes and secrets can be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tenon_domain::Timestamp;
use tenon_domain::identity::{RecoveryCode, SealedSecret, TotpSecret};

use crate::error::AppError;
use crate::identity::{MfaAnswer, OneTimeCodes, SecondFactors, SecretTokens, TotpEnrollment};
use crate::secrets::{SecretCipher, SecretPlace};

pub(crate) fn plain_second_factors(secrets: Arc<dyn SecretTokens>) -> SecondFactors {
    SecondFactors { codes: Arc::new(PlainCodes::default()), cipher: Arc::new(PlainCipher), secrets }
}

/// A cipher whose secrets can be read.
pub(crate) fn plain_cipher() -> Arc<dyn SecretCipher> {
    Arc::new(PlainCipher)
}

/// The code that an app shows at a moment, once it was set up with this.
pub(crate) fn code_at(enrollment: &TotpEnrollment, at: Timestamp) -> String {
    code_of(enrollment.secret.parse().unwrap(), at.timestamp() / STEP)
}

/// The answer of somebody who types a code.
pub(crate) fn typed(code: impl Into<String>) -> Option<MfaAnswer> {
    Some(MfaAnswer::Code(code.into()))
}

const STEP: i64 = 30;

/// Secrets are counted, and a code is its time step and the number of its secret.
#[derive(Default)]
struct PlainCodes {
    secrets: AtomicU8,
    recovery_codes: AtomicU8,
}

fn code_of(secret: u8, step: i64) -> String {
    format!("{:06}", (step * 10 + i64::from(secret)) % 1_000_000)
}

impl OneTimeCodes for PlainCodes {
    fn new_secret(&self) -> TotpSecret {
        TotpSecret::new(vec![self.secrets.fetch_add(1, Ordering::SeqCst)])
    }

    fn new_recovery_code(&self) -> RecoveryCode {
        RecoveryCode::from_random([self.recovery_codes.fetch_add(1, Ordering::SeqCst); RecoveryCode::BYTES])
    }

    fn step_of(&self, secret: &TotpSecret, digits: &str, now: Timestamp) -> Result<Option<i64>, AppError> {
        let present = now.timestamp() / STEP;
        Ok((present - 1..=present + 1).find(|step| code_of(secret.expose()[0], *step) == digits))
    }

    fn enrollment(&self, secret: &TotpSecret, account: &str) -> Result<TotpEnrollment, AppError> {
        Ok(TotpEnrollment {
            secret: secret.expose()[0].to_string(),
            otpauth_url: format!("otpauth://totp/{account}"),
            qr_svg: "<svg/>".to_owned(),
        })
    }
}

/// Seals a secret by writing beside it where it belongs.
pub(super) struct PlainCipher;

impl SecretCipher for PlainCipher {
    fn seal(&self, place: SecretPlace, secret: &[u8]) -> Result<SealedSecret, AppError> {
        Ok(SealedSecret { key_id: "plain".to_owned(), ciphertext: format!("{place:?} {secret:?}") })
    }

    fn open(&self, place: SecretPlace, sealed: &SealedSecret) -> Result<Vec<u8>, AppError> {
        let elsewhere = || AppError::Internal("it was sealed elsewhere".to_owned());
        let bytes = sealed.ciphertext.strip_prefix(&format!("{place:?} [")).and_then(|text| text.strip_suffix(']'));
        let bytes = bytes.filter(|_| sealed.key_id == self.newest_key()).ok_or_else(elsewhere)?;
        let bytes = bytes.split(", ").filter(|byte| !byte.is_empty()).map(str::parse);
        bytes.collect::<Result<_, _>>().map_err(|_| elsewhere())
    }

    fn newest_key(&self) -> &str {
        "plain"
    }

    fn has_key(&self, id: &str) -> bool {
        id == self.newest_key()
    }
}
