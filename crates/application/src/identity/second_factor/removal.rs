use async_trait::async_trait;

use super::service::{Tried, verdict_of};
use super::{Attempt, SecondFactors};
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::{AccountNotice, Accounts, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Has sign-ins ask the actor for nothing but their password again.
    pub async fn remove_totp(&self, actor: &Actor, code: &str) -> Result<(), AppError> {
        let command = RemoveTotp { code: code.to_owned(), second_factors: self.second_factors.clone() };
        self.app.execute(actor, command).await?
    }
}

/// Takes the actor's second factor away, with its recovery codes.
#[derive(Clone)]
pub struct RemoveTotp {
    /// Of the app, or a recovery code.
    pub code: String,
    pub second_factors: SecondFactors,
}

#[async_trait]
impl Command for RemoveTotp {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.remove_totp";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let Tried { owner, mut factor, verdict } = self.second_factors.try_own(work, &self.code).await?;
        if let Err(refusal) = verdict_of(verdict, work.now()) {
            work.unit().second_factors().save(factor).await?;
            return Ok(Err(refusal));
        }
        factor.disable(&owner.display_name);
        work.unit().second_factors().remove(factor).await?;
        mail_account(work, owner.id, &owner.email, AccountNotice::SecondFactorDisabled).await?;
        work.after_commit(Effect::MfaChanged { user: owner.id });
        Ok(Ok(()))
    }
}
