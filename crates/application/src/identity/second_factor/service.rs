use std::sync::Arc;

use tenon_domain::identity::{
    IdentityError, OneTimeCode, PasswordHash, Proof, RecoveryCode, SealedSecret, SecondFactor, TokenHash, TotpSecret,
    Verdict,
};
use tenon_domain::{Timestamp, UserId};

use super::{OneTimeCodes, SecondFactorsView};
use crate::command::Work;
use crate::error::AppError;
use crate::identity::SecretTokens;
use crate::secrets::{SecretCipher, SecretPlace};

/// What an attempt with a code or a passkey came to. A refusal inside is committed with the count that it raised; an error
/// around it is rolled back.
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

    /// The user's row, locked. Who has no app yet gets one with a secret that nobody is told; it is yet to be saved.
    pub(in crate::identity) async fn factor_of(
        &self,
        work: &mut Work<'_>,
        user: UserId,
    ) -> Result<SecondFactor, AppError> {
        match work.unit().second_factors().find(user).await? {
            Some(factor) => Ok(factor),
            None => Ok(SecondFactor::begin(user, self.secret_of_nobody(user)?, work.now())),
        }
    }

    /// Stands where there is no app. It is of the same kind as others, so that all are kept alike.
    pub(in crate::identity) fn secret_of_nobody(&self, user: UserId) -> Result<SealedSecret, AppError> {
        self.seal(user, &self.codes.new_secret())
    }

    /// A set of recovery codes, to be shown once.
    pub(in crate::identity) fn recovery_codes(&self) -> Vec<RecoveryCode> {
        (0..RecoveryCode::SET).map(|_| self.codes.new_recovery_code()).collect()
    }

    pub(in crate::identity) fn digests(&self, codes: &[RecoveryCode]) -> Vec<TokenHash> {
        codes.iter().map(|code| self.digest(code)).collect()
    }

    /// What a challenge remembers of the password that was right: it says nothing about it, but that it is the same.
    pub(in crate::identity) fn digest_of_password(&self, hash: &PasswordHash) -> TokenHash {
        self.secrets.digest(hash.as_str())
    }

    fn digest(&self, code: &RecoveryCode) -> TokenHash {
        self.secrets.digest(code.expose())
    }
}

/// Whether sign-ins of the user ask for more than the password: for a code of an app, or for a passkey.
pub(crate) async fn has_second_factor(work: &mut Work<'_>, user: UserId) -> Result<bool, AppError> {
    Ok(second_factors_of(work, user).await?.is_enabled())
}

/// What second factor the user has, as the unit of work sees it.
pub(in crate::identity) async fn second_factors_of(
    work: &mut Work<'_>,
    user: UserId,
) -> Result<SecondFactorsView, AppError> {
    let factor = work.unit().second_factors().find(user).await?;
    let factor = factor.as_ref().map(SecondFactor::state);
    Ok(SecondFactorsView {
        confirmed_at: factor.and_then(|it| it.confirmed_at),
        recovery_codes_left: factor.map_or(0, |it| it.recovery_codes.len()),
        passkeys: work.unit().passkeys().count(user).await?,
    })
}

/// What a verdict means to somebody who is signed in, and what it is called when what they showed was wrong.
pub(super) fn verdict_of(verdict: Verdict, fault: IdentityError, now: Timestamp) -> Attempt<()> {
    match verdict {
        Verdict::Accepted | Verdict::AcceptedRecoveryCode { .. } => Ok(()),
        Verdict::Wrong => Err(fault.into()),
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
