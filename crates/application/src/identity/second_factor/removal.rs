use async_trait::async_trait;
use tenon_domain::UserId;
use tenon_domain::identity::IdentityError;

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

impl SecondFactors {
    /// Takes the actor's second factor away with their account, if they have one and the code is one of it.
    pub(in crate::identity) async fn give_up(
        &self,
        work: &mut Work<'_>,
        actor: UserId,
        code: Option<&str>,
    ) -> Result<Attempt<()>, AppError> {
        let Some(begun) = work.unit().second_factors().find(actor).await? else { return Ok(Ok(())) };
        if begun.state().confirmed_at.is_none() {
            work.unit().second_factors().remove(begun).await?;
            return Ok(Ok(()));
        }
        let code = code.ok_or(IdentityError::CodeNeeded)?;
        let Tried { factor, verdict, .. } = self.try_own(work, code).await?;
        if let Err(refusal) = verdict_of(verdict, work.now()) {
            work.unit().second_factors().save(factor).await?;
            return Ok(Err(refusal));
        }
        work.unit().second_factors().remove(factor).await?;
        Ok(Ok(()))
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
