//! What Tenon remembers of a ceremony is kept by whoever goes through it, encrypted: strangers who begin ceremonies make
//! nothing grow.

use std::fmt;

use chrono::{TimeDelta, TimeZone, Utc};
use tenon_domain::identity::{SealedSecret, TokenHash};
use tenon_domain::{SessionId, SignInChallengeId, Timestamp};
use uuid::Uuid;

use super::Passkeys;
use crate::error::AppError;
use crate::secrets::SecretPlace;

/// What a ceremony is for. A token of another purpose, session or challenge does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CeremonyPurpose {
    /// Adding a passkey in this session, for which the second factor was proved; else only as the first one.
    Registration {
        session: SessionId,
        proved: bool,
    },
    SignIn,
    /// Going on with this sign-in.
    SecondFactor(SignInChallengeId),
    /// Proving the second factor in this session, for what the password is not enough for.
    StepUp(SessionId),
}

impl CeremonyPurpose {
    fn place(self) -> SecretPlace {
        match self {
            Self::Registration { session, proved } => {
                let purpose = if proved { "passkey-registration" } else { "passkey-first-registration" };
                SecretPlace { purpose, owner: session.uuid() }
            }
            Self::SignIn => SecretPlace { purpose: "passkey-sign-in", owner: Uuid::nil() },
            Self::SecondFactor(challenge) => SecretPlace { purpose: "passkey-second-factor", owner: challenge.uuid() },
            Self::StepUp(session) => SecretPlace { purpose: "passkey-step-up", owner: session.uuid() },
        }
    }
}

/// What a ceremony goes on with. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CeremonyToken(String);

impl CeremonyToken {
    /// How long a ceremony may take: people look for their phones.
    pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);
    /// No token is longer: one holds the ids of [`Passkey::MAX_PER_USER`](tenon_domain::identity::Passkey::MAX_PER_USER)
    /// credentials at most, of 1,023 bytes each.
    const MAX_BYTES: usize = 64 * 1024;

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CeremonyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonyToken(…)")
    }
}

/// What a genuine token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    pub digest: TokenHash,
    pub expires_at: Timestamp,
    /// For the verifier.
    pub state: String,
}

impl Passkeys {
    /// The token of a ceremony: `<id of the key>.<sealed: milliseconds when it expires, a space, the state>`.
    pub fn seal(&self, purpose: CeremonyPurpose, state: &str, now: Timestamp) -> Result<CeremonyToken, AppError> {
        let expires_at = now + CeremonyToken::LIFETIME;
        let content = format!("{} {state}", expires_at.timestamp_millis());
        let sealed = self.cipher.seal(purpose.place(), content.as_bytes())?;
        Ok(CeremonyToken(format!("{}.{}", sealed.key_id, sealed.ciphertext)))
    }

    /// What a token says that was given out for this and has not expired. Why another one does not open is nobody's
    /// business.
    pub fn open(&self, purpose: CeremonyPurpose, token: &str, now: Timestamp) -> Option<Ceremony> {
        let (key_id, ciphertext) = token.split_once('.').filter(|_| token.len() <= CeremonyToken::MAX_BYTES)?;
        if !self.cipher.has_key(key_id) {
            return None;
        }
        let sealed = SealedSecret { key_id: key_id.to_owned(), ciphertext: ciphertext.to_owned() };
        let content = String::from_utf8(self.cipher.open(purpose.place(), &sealed).ok()?).ok()?;
        let (expires_at, state) = content.split_once(' ')?;
        let expires_at = Utc.timestamp_millis_opt(expires_at.parse().ok()?).single().filter(|end| now < *end)?;
        Some(Ceremony { digest: self.secrets.digest(token), expires_at, state: state.to_owned() })
    }
}
