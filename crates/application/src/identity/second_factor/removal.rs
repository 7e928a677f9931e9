use async_trait::async_trait;
use tenon_domain::UserId;
use tenon_domain::identity::{IdentityError, SecondFactor};

use super::{Attempt, MfaAnswer, SecondFactorProof, tell_of_recovery_code};
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::own_credentials::find_self;
use crate::identity::{AccountNotice, Accounts, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Has sign-ins ask the actor for nothing but their password again, or for a passkey, if they have one.
    pub async fn remove_totp(&self, actor: &Actor, answer: Option<MfaAnswer>) -> Result<(), AppError> {
        let command = RemoveTotp { proof: self.proof_of(answer)? };
        self.app.execute(actor, command).await?
    }
}

/// Takes the actor's authenticator app away; with the last second factor, also the recovery codes.
#[derive(Clone)]
pub struct RemoveTotp {
    pub proof: SecondFactorProof,
}

#[async_trait]
impl Command for RemoveTotp {
    type Output = Attempt<()>;
    const NAME: &'static str = "mfa.remove_totp";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let owner = find_self(work).await?.state().clone();
        // Before the proof is looked at: what cannot be must not cost a code.
        find_app(work, owner.id).await?;
        let verdict = match self.proof.prove(work, &owner).await? {
            Ok(verdict) => verdict,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut factor = find_app(work, owner.id).await?;
        let is_last = work.unit().passkeys().count(owner.id).await? == 0;
        if is_last {
            factor.disable(&owner.display_name);
            work.unit().second_factors().remove(factor).await?;
        } else {
            let secret = self.proof.second_factors.secret_of_nobody(owner.id)?;
            factor.forget_app(secret, &owner.display_name, work.now());
            work.unit().second_factors().save(factor).await?;
            // The others are left: with the last second factor they go.
            tell_of_recovery_code(work, &owner, verdict).await?;
        }
        mail_account(work, owner.id, &owner.email, AccountNotice::SecondFactorDisabled { is_last }).await?;
        work.after_commit(Effect::MfaChanged { user: owner.id });
        Ok(Ok(()))
    }
}

/// The user's row, locked, if they have an app.
async fn find_app(work: &mut Work<'_>, user: UserId) -> Result<SecondFactor, AppError> {
    let found = work.unit().second_factors().find(user).await?;
    found.filter(SecondFactor::is_confirmed).ok_or_else(|| IdentityError::NoSecondFactor.into())
}
