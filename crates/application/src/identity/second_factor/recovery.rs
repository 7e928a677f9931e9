use async_trait::async_trait;
use tenon_domain::identity::{IdentityError, RecoveryCode, TokenHash};

use super::{Attempt, MfaAnswer, SecondFactorProof};
use crate::actor::Actor;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::identity::own_credentials::find_self;
use crate::identity::{AccountNotice, Accounts, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Gives the actor new recovery codes in the place of those that are left.
    pub async fn replace_recovery_codes(
        &self,
        actor: &Actor,
        answer: Option<MfaAnswer>,
    ) -> Result<Vec<RecoveryCode>, AppError> {
        let recovery_codes = self.second_factors.recovery_codes();
        let command = ReplaceRecoveryCodes {
            proof: self.proof_of(answer)?,
            recovery_codes: self.second_factors.digests(&recovery_codes),
        };
        self.app.execute(actor, command).await??;
        Ok(recovery_codes)
    }
}

/// Puts new recovery codes in the place of the actor's, also where none is left.
#[derive(Clone)]
pub struct ReplaceRecoveryCodes {
    pub proof: SecondFactorProof,
    /// The digests of the new ones.
    pub recovery_codes: Vec<TokenHash>,
}

#[async_trait]
impl Command for ReplaceRecoveryCodes {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.replace_recovery_codes";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let owner = find_self(work).await?.state().clone();
        let tried = self.proof.try_own(work, &owner).await?.ok_or(IdentityError::NoSecondFactor)?;
        if let Err(refusal) = tried.save(work).await? {
            return Ok(Err(refusal));
        }
        let mut factor = self.proof.second_factors.factor_of(work, owner.id).await?;
        factor.replace_recovery_codes(self.recovery_codes.clone(), &owner.display_name, work.now());
        work.unit().second_factors().save(factor).await?;
        mail_account(work, owner.id, &owner.email, AccountNotice::RecoveryCodesReplaced).await?;
        Ok(Ok(()))
    }
}
