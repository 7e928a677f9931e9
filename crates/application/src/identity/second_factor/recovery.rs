use async_trait::async_trait;
use tenon_domain::identity::{RecoveryCode, TokenHash};

use super::service::{Tried, verdict_of};
use super::{Attempt, SecondFactors};
use crate::actor::Actor;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::identity::{AccountNotice, Accounts, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Gives the actor new recovery codes in the place of those that are left.
    pub async fn replace_recovery_codes(&self, actor: &Actor, code: &str) -> Result<Vec<RecoveryCode>, AppError> {
        let recovery_codes = self.second_factors.recovery_codes();
        let command = ReplaceRecoveryCodes {
            code: code.to_owned(),
            recovery_codes: self.second_factors.digests(&recovery_codes),
            second_factors: self.second_factors.clone(),
        };
        self.app.execute(actor, command).await??;
        Ok(recovery_codes)
    }
}

/// Puts new recovery codes in the place of the actor's.
#[derive(Clone)]
pub struct ReplaceRecoveryCodes {
    /// Of the app, or one of the old recovery codes.
    pub code: String,
    /// The digests of the new ones.
    pub recovery_codes: Vec<TokenHash>,
    pub second_factors: SecondFactors,
}

#[async_trait]
impl Command for ReplaceRecoveryCodes {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.replace_recovery_codes";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let Tried { owner, mut factor, verdict } = self.second_factors.try_own(work, &self.code).await?;
        let now = work.now();
        if let Err(refusal) = verdict_of(verdict, now) {
            work.unit().second_factors().save(factor).await?;
            return Ok(Err(refusal));
        }
        factor.replace_recovery_codes(self.recovery_codes.clone(), &owner.display_name, now);
        work.unit().second_factors().save(factor).await?;
        mail_account(work, owner.id, &owner.email, AccountNotice::RecoveryCodesReplaced).await?;
        Ok(Ok(()))
    }
}
