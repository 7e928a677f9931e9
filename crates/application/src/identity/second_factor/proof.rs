//! What a second factor is proved with: by who signs in, and by who is signed in, for what their password is not enough
//! for.

use async_trait::async_trait;
use serde_json::Value;
use tenon_domain::identity::{IdentityError, Proof, SecondFactor, UserState, Verdict};

use super::service::{has_second_factor, verdict_of};
use super::{Attempt, SecondFactors};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::identity::own_credentials::find_proven_self;
use crate::identity::passkeys::Shown;
use crate::identity::{AccountNotice, Accounts, Ceremony, CeremonyPurpose, Credentials, Passkeys, mail_account};
use crate::token_access::TokenAccess;

/// What a second factor is proved with.
#[derive(Clone, Debug)]
pub enum MfaAnswer {
    /// Of the app, or a recovery code.
    Code(String),
    /// What came of a ceremony that began for it.
    Passkey { ceremony: String, response: Value },
}

/// What an answer says about who gave it. Whether it counts is for the factor to say.
pub(super) struct Evidence {
    pub(super) proof: Proof,
    /// The passkey that it was given with.
    pub(super) shown: Shown,
    /// The ceremony that it was given in.
    pub(super) ceremony: Option<Ceremony>,
}

impl Evidence {
    fn without_passkey(proof: Proof) -> Self {
        Self { proof, shown: Shown::Nothing, ceremony: None }
    }
}

impl MfaAnswer {
    /// Looks at it, with the passkey locked that it is about.
    pub(super) async fn examine(
        &self,
        work: &mut Work<'_>,
        second_factors: &SecondFactors,
        passkeys: &Passkeys,
        purpose: CeremonyPurpose,
        factor: &SecondFactor,
    ) -> Result<Evidence, AppError> {
        let now = work.now();
        let (ceremony, response) = match self {
            Self::Code(code) => return Ok(Evidence::without_passkey(second_factors.examine(factor, code, now)?)),
            Self::Passkey { ceremony, response } => (ceremony, response),
        };
        let Some(ceremony) = passkeys.open(purpose, ceremony, now) else {
            return Ok(Evidence::without_passkey(Proof::Nothing));
        };
        let shown = passkeys.examine(work, factor.state().user_id, &ceremony, response).await?;
        let proof = if matches!(shown, Shown::Genuine(_)) { Proof::Passkey } else { Proof::Nothing };
        Ok(Evidence { proof, shown, ceremony: Some(ceremony) })
    }

    /// What a wrong one is answered to who is signed in.
    const fn fault(&self) -> IdentityError {
        match self {
            Self::Code(_) => IdentityError::WrongCode,
            Self::Passkey { .. } => IdentityError::WrongPasskey,
        }
    }
}

impl Accounts {
    /// The proof of somebody who is signed in, for the command that asks for it.
    pub(in crate::identity) fn proof_of(&self, answer: Option<MfaAnswer>) -> Result<SecondFactorProof, AppError> {
        if matches!(answer, Some(MfaAnswer::Passkey { .. })) {
            self.passkeys.check_available()?;
        }
        let (second_factors, passkeys) = (self.second_factors.clone(), self.passkeys.clone());
        Ok(SecondFactorProof { answer, second_factors, passkeys })
    }
}

/// What somebody who is signed in proves their second factor with, if they have one, and what that is looked at with.
#[derive(Clone)]
pub struct SecondFactorProof {
    /// A passkey's is of a ceremony that began in the same session.
    pub answer: Option<MfaAnswer>,
    pub second_factors: SecondFactors,
    pub passkeys: Passkeys,
}

impl SecondFactorProof {
    /// Has the actor, who is locked, prove their second factor, if they have one. They are told of a recovery code that
    /// was used.
    pub(in crate::identity) async fn check(
        &self,
        work: &mut Work<'_>,
        owner: &UserState,
    ) -> Result<Attempt<()>, AppError> {
        let outcome = self.prove(work, owner).await?;
        if let Ok(verdict) = outcome {
            tell_of_recovery_code(work, owner, verdict).await?;
        }
        Ok(outcome.map(drop))
    }

    /// As [`Self::check`], but they are told of nothing: the recovery codes may go with what this is for. Answers what
    /// came of it, `None` when they have no second factor.
    pub(in crate::identity) async fn prove(
        &self,
        work: &mut Work<'_>,
        owner: &UserState,
    ) -> Result<Attempt<Option<Verdict>>, AppError> {
        let Some(tried) = self.try_own(work, owner).await? else { return Ok(Ok(None)) };
        let verdict = tried.verdict;
        Ok(tried.save(work).await?.map(|()| Some(verdict)))
    }

    /// Looks at the proof of the actor, who is locked. `None` when they have no second factor.
    pub(in crate::identity) async fn try_own(
        &self,
        work: &mut Work<'_>,
        owner: &UserState,
    ) -> Result<Option<Tried>, AppError> {
        if !has_second_factor(work, owner.id).await? {
            return Ok(None);
        }
        let answer = self.answer.as_ref().ok_or(IdentityError::CodeNeeded)?;
        let mut factor = self.second_factors.factor_of(work, owner.id).await?;
        let purpose = CeremonyPurpose::StepUp(work.actor().session()?);
        let evidence = answer.examine(work, &self.second_factors, &self.passkeys, purpose, &factor).await?;
        let verdict = factor.weigh(&evidence.proof, &owner.display_name, work.now());
        Ok(Some(Tried { factor, evidence, verdict, fault: answer.fault() }))
    }
}

/// Tells a user of a recovery code that was used, when others are left.
pub(in crate::identity) async fn tell_of_recovery_code(
    work: &mut Work<'_>,
    owner: &UserState,
    verdict: Option<Verdict>,
) -> Result<(), AppError> {
    if let Some(Verdict::AcceptedRecoveryCode { left }) = verdict {
        mail_account(work, owner.id, &owner.email, AccountNotice::RecoveryCodeUsed { left }).await?;
    }
    Ok(())
}

/// A user's factor after something was tried on it, and what came of that. It is yet to be saved, whatever that is.
pub(in crate::identity) struct Tried {
    factor: SecondFactor,
    evidence: Evidence,
    verdict: Verdict,
    /// What it is when it was wrong.
    fault: IdentityError,
}

impl Tried {
    pub(in crate::identity) fn is_refused(&self) -> bool {
        matches!(self.verdict, Verdict::Wrong | Verdict::Blocked { .. })
    }

    /// Counts a refusal, or uses up what was shown, in the organization whose audit trail is to tell of it.
    pub(in crate::identity) async fn save(self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let Self { factor, evidence: Evidence { shown, ceremony, .. }, verdict, fault } = self;
        let outcome = verdict_of(verdict, fault.clone(), work.now());
        if outcome.is_ok()
            && let Some(ceremony) = ceremony
        {
            ceremony.finish(work, fault.into()).await?;
        }
        work.unit().second_factors().save(factor).await?;
        match shown {
            Shown::Genuine(passkey) if outcome.is_ok() => {
                work.unit().passkeys().save(passkey).await?;
            }
            shown => shown.tell_of_copy(work).await?,
        }
        Ok(outcome)
    }
}

/// Proves the actor's second factor for what begins with it, if their password is still the one they have proved to know.
/// Answers whether they have one.
#[derive(Clone)]
pub struct ProveSecondFactor {
    pub proven: Credentials,
    pub proof: SecondFactorProof,
}

#[async_trait]
impl Command for ProveSecondFactor {
    type Output = Attempt<bool>;
    const NAME: &'static str = "mfa.prove";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<bool>, AppError> {
        let owner = find_proven_self(work, &self.proven).await?.state().clone();
        let outcome = self.proof.prove(work, &owner).await?;
        if let Ok(verdict) = outcome {
            tell_of_recovery_code(work, &owner, verdict).await?;
        }
        Ok(outcome.map(|verdict| verdict.is_some()))
    }
}
