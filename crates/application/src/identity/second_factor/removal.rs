use async_trait::async_trait;
use tenon_domain::identity::{IdentityError, SecondFactor};

use super::service::{Tried, has_second_factor, verdict_of};
use super::{Attempt, SecondFactors};
use crate::actor::{Actor, Viewer};
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
    /// The actor's row, if they have one, after a code was right if they have a second factor: to be removed with their
    /// account, once the unit of work is in the organization whose audit trail is to tell of it.
    pub(in crate::identity) async fn give_up(
        &self,
        work: &mut Work<'_>,
        viewer: Viewer,
        code: Option<&str>,
    ) -> Result<Attempt<Option<SecondFactor>>, AppError> {
        if !has_second_factor(work, viewer.user).await? {
            return Ok(Ok(work.unit().second_factors().find(viewer.user).await?));
        }
        let code = code.ok_or(IdentityError::CodeNeeded)?;
        let Tried { owner, mut factor, verdict } = self.weigh_own(work, code).await?;
        if let Err(refusal) = verdict_of(verdict, work.now()) {
            work.unit().enter(viewer.organization).await?;
            work.unit().second_factors().save(factor).await?;
            return Ok(Err(refusal));
        }
        if factor.is_confirmed() {
            factor.disable(&owner.display_name);
        }
        Ok(Ok(Some(factor)))
    }
}

/// Takes the actor's authenticator app away; with the last second factor, also the recovery codes.
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
        let now = work.now();
        if !factor.is_confirmed() {
            return Err(IdentityError::NoSecondFactor.into());
        }
        if let Err(refusal) = verdict_of(verdict, now) {
            work.unit().second_factors().save(factor).await?;
            return Ok(Err(refusal));
        }
        let is_last = work.unit().passkeys().count(owner.id).await? == 0;
        if is_last {
            factor.disable(&owner.display_name);
            work.unit().second_factors().remove(factor).await?;
        } else {
            factor.forget_app(self.second_factors.secret_of_nobody(owner.id)?, &owner.display_name, now);
            work.unit().second_factors().save(factor).await?;
        }
        mail_account(work, owner.id, &owner.email, AccountNotice::SecondFactorDisabled { is_last }).await?;
        work.after_commit(Effect::MfaChanged { user: owner.id });
        Ok(Ok(()))
    }
}
