use async_trait::async_trait;
use tenon_domain::identity::{IdentityError, Password, RecoveryCode, SealedSecret, SecondFactor, TokenHash};

use super::service::verdict_of;
use super::{Attempt, MfaAnswer, SecondFactorProof, SecondFactors, TotpEnrollment};
use crate::actor::{Actor, Viewer};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::own_credentials::{as_own_password, find_proven_self};
use crate::identity::own_sessions::end_other_sessions;
use crate::identity::sessions::live_session;
use crate::identity::{AccountNotice, Accounts, Credentials, mail_account};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

impl Accounts {
    /// Makes the actor a secret for an authenticator app. It counts once it is confirmed; asking again makes another. Who
    /// has passkeys proves their second factor for it.
    pub async fn begin_totp(
        &self,
        actor: &Actor,
        password: Password,
        answer: Option<MfaAnswer>,
    ) -> Result<TotpEnrollment, AppError> {
        let proof = self.proof_of(answer)?;
        let (user, proven) = self.prove(actor, password).await.map_err(as_own_password)?;
        let secret = self.second_factors.codes.new_secret();
        let sealed = self.second_factors.seal(user.id, &secret)?;
        let command = BeginTotp { proven, proof, secret: sealed };
        self.app.execute(actor, command).await.map_err(as_own_password)??;
        self.second_factors.codes.enrollment(&secret, &user.email)
    }

    /// Has sign-ins ask the actor for a code from now on. Answers the recovery codes, which nobody can be shown again.
    pub async fn confirm_totp(&self, actor: &Actor, code: &str) -> Result<Vec<RecoveryCode>, AppError> {
        let recovery_codes = self.second_factors.recovery_codes();
        let command = ConfirmTotp {
            code: code.to_owned(),
            recovery_codes: self.second_factors.digests(&recovery_codes),
            second_factors: self.second_factors.clone(),
        };
        self.app.execute(actor, command).await??;
        Ok(recovery_codes)
    }
}

/// Begins to set up an authenticator app, or begins anew, if the actor's password is still the one they have proved to
/// know, and their second factor is proved, if they have one: whoever has but the password must not add one of their own.
#[derive(Clone)]
pub struct BeginTotp {
    pub proven: Credentials,
    pub proof: SecondFactorProof,
    pub secret: SealedSecret,
}

#[async_trait]
impl Command for BeginTotp {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.begin_totp";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let (owner, now) = (find_proven_self(work, &self.proven).await?.state().clone(), work.now());
        // Before the proof is looked at: what cannot be must not cost a code.
        let present = work.unit().second_factors().find(owner.id).await?;
        if present.is_some_and(|factor| factor.is_confirmed()) {
            return Err(IdentityError::SecondFactorEnabled.into());
        }
        if let Err(refusal) = self.proof.check(work, &owner).await? {
            return Ok(Err(refusal));
        }
        let factor = match work.unit().second_factors().find(owner.id).await? {
            Some(mut factor) => {
                factor.replace_secret(self.secret.clone(), now)?;
                factor
            }
            None => SecondFactor::begin(owner.id, self.secret.clone(), now),
        };
        match work.unit().second_factors().save(factor).await {
            // Begun twice at the same moment.
            Err(StoreError::Duplicate(_)) => Err(AppError::Stale),
            saved => Ok(Ok(saved?)),
        }
    }
}

/// Turns the second factor on, with a code that shows that the app works. It ends the actor's other sessions, which
/// began without it.
#[derive(Clone)]
pub struct ConfirmTotp {
    pub code: String,
    /// The digests of the recovery codes that are given out.
    pub recovery_codes: Vec<TokenHash>,
    pub second_factors: SecondFactors,
}

#[async_trait]
impl Command for ConfirmTotp {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.confirm_totp";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let (Viewer { user, organization, .. }, now) = (work.viewer()?, work.now());
        let owner = work.unit().users().find_locked(user).await?.ok_or(AppError::NotFound("user"))?.state().clone();
        // As with a passkey: it may have been ended since, by who wanted no other way in to be left.
        live_session(work).await?;
        let mut factor = work.unit().second_factors().find(user).await?.ok_or(IdentityError::NoSecondFactor)?;
        let proof = self.second_factors.examine(&factor, &self.code, now)?;
        let verdict = factor.confirm(&proof, self.recovery_codes.clone(), &owner.display_name, now)?;
        let outcome = verdict_of(verdict, IdentityError::WrongCode, now);
        if outcome.is_ok() {
            end_other_sessions(work).await?;
        }
        work.unit().enter(organization).await?;
        work.unit().second_factors().save(factor).await?;
        if let Err(refusal) = outcome {
            return Ok(Err(refusal));
        }
        mail_account(work, user, &owner.email, AccountNotice::SecondFactorEnabled).await?;
        work.after_commit(Effect::MfaChanged { user });
        Ok(Ok(()))
    }
}
