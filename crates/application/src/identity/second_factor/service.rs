use std::sync::Arc;

use tenon_domain::identity::{
    IdentityError, OneTimeCode, Proof, RecoveryCode, SealedSecret, SecondFactor, TokenHash, TotpSecret, UserState,
    Verdict,
};
use tenon_domain::{Timestamp, UserId};

use super::OneTimeCodes;
use crate::command::Work;
use crate::error::AppError;
use crate::identity::SecretTokens;
use crate::secrets::{SecretCipher, SecretPlace};

/// What an attempt with a code came to. A refusal inside is committed with the count that it raised; an error around it
/// is rolled back.
pub(crate) type Attempt<T> = Result<T, AppError>;

/// What second factors are made and checked with.
#[derive(Clone)]
pub struct SecondFactors {
    pub codes: Arc<dyn OneTimeCodes>,
    pub cipher: Arc<dyn SecretCipher>,
    pub secrets: Arc<dyn SecretTokens>,
}

impl SecondFactors {
    pub(super) fn seal(&self, user: UserId, secret: &TotpSecret) -> Result<SealedSecret, AppError> {
        self.cipher.seal(place(user), secret.expose())
    }

    /// What a code says about who typed it. Whether it counts is for the factor to say.
    pub(super) fn examine(&self, factor: &SecondFactor, code: &str, now: Timestamp) -> Result<Proof, AppError> {
        Ok(match OneTimeCode::parse(code) {
            Some(OneTimeCode::Totp(digits)) => {
                let state = factor.state();
                let secret = TotpSecret::new(self.cipher.open(place(state.user_id), &state.secret)?);
                self.codes.step_of(&secret, &digits, now)?.map_or(Proof::Nothing, Proof::Step)
            }
            Some(OneTimeCode::Recovery(code)) => Proof::RecoveryCode(self.digest(&code)),
            None => Proof::Nothing,
        })
    }

    /// Tries a code of the actor's. The factor is yet to be saved, whatever came of it.
    pub(super) async fn try_own(&self, work: &mut Work<'_>, code: &str) -> Result<Tried, AppError> {
        let (user, now) = (work.viewer()?.user, work.now());
        let owner = work.unit().users().find(user).await?.ok_or(AppError::NotFound("user"))?.state().clone();
        let mut factor = work.unit().second_factors().find(user).await?.ok_or(IdentityError::NoSecondFactor)?;
        let proof = self.examine(&factor, code, now)?;
        let verdict = factor.accept(&proof, &owner.display_name, now)?;
        Ok(Tried { owner, factor, verdict })
    }

    /// A set of recovery codes, to be shown once.
    pub(super) fn recovery_codes(&self) -> Vec<RecoveryCode> {
        (0..RecoveryCode::SET).map(|_| self.codes.new_recovery_code()).collect()
    }

    pub(super) fn digests(&self, codes: &[RecoveryCode]) -> Vec<TokenHash> {
        codes.iter().map(|code| self.digest(code)).collect()
    }

    /// What a challenge remembers of the password that was right: it says nothing about it, but that it is the same.
    pub(super) fn digest_of_password(&self, owner: &UserState) -> TokenHash {
        self.secrets.digest(owner.password_hash.as_str())
    }

    fn digest(&self, code: &RecoveryCode) -> TokenHash {
        self.secrets.digest(code.expose())
    }
}

/// A user's factor after a code was tried on it, and what came of that.
pub(super) struct Tried {
    pub(super) owner: UserState,
    pub(super) factor: SecondFactor,
    pub(super) verdict: Verdict,
}

/// What a verdict means to somebody who is signed in.
pub(super) fn verdict_of(verdict: Verdict, now: Timestamp) -> Attempt<()> {
    match verdict {
        Verdict::Accepted | Verdict::AcceptedRecoveryCode { .. } => Ok(()),
        Verdict::Wrong => Err(IdentityError::WrongCode.into()),
        Verdict::Blocked { until } => Err(blocked(until, now)),
    }
}

/// No code is looked at until then.
pub(super) fn blocked(until: Timestamp, now: Timestamp) -> AppError {
    AppError::TooManyAttempts { retry_after: (until - now).to_std().unwrap_or_default() }
}

/// Where the secret of a user's authenticator app is stored.
fn place(user: UserId) -> SecretPlace {
    SecretPlace { purpose: SecretPlace::TOTP, owner: user.uuid() }
}
