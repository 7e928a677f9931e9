use async_trait::async_trait;
use tenon_domain::identity::Password;
use tenon_domain::{PasskeyId, Version};

use super::FindPasskey;
use super::own_passkeys::find_own;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::identity::own_credentials::{as_own_password, find_proven_self};
use crate::identity::second_factor::{Attempt, MfaAnswer, SecondFactorProof, tell_of_recovery_code};
use crate::identity::{AccountNotice, Accounts, Credentials, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Has nobody sign in with one of the actor's passkeys any more. It takes a proof of the second factor, which may be
    /// that passkey itself.
    pub async fn remove_passkey(
        &self,
        actor: &Actor,
        passkey: PasskeyId,
        password: Password,
        answer: Option<MfaAnswer>,
        expected_version: Option<Version>,
    ) -> Result<(), AppError> {
        actor.session()?;
        let proof = self.proof_of(answer)?;
        // What is not there takes no password.
        self.app.ask(actor, FindPasskey { passkey }).await?;
        let (_, proven) = self.prove(actor, password).await.map_err(as_own_password)?;
        let command = RemovePasskey { passkey, proven, proof, expected_version };
        self.app.execute(actor, command).await.map_err(as_own_password)?
    }
}

/// Takes a passkey of the actor's away, if their password is still the one they have proved to know, and their second
/// factor is proved. With the last second factor the recovery codes go.
#[derive(Clone)]
pub struct RemovePasskey {
    pub passkey: PasskeyId,
    pub proven: Credentials,
    pub proof: SecondFactorProof,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RemovePasskey {
    type Output = Attempt<()>;
    const NAME: &'static str = "passkey.remove";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let owner = find_proven_self(work, &self.proven).await?.state().clone();
        let passkey = find_own(work, self.passkey).await?;
        check_version(self.expected_version, passkey.state().version)?;
        let verdict = match self.proof.prove(work, &owner).await? {
            Ok(verdict) => verdict,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Once more: it may be the one that was shown, which has changed by that.
        let mut passkey = find_own(work, self.passkey).await?;
        passkey.remove();
        work.unit().passkeys().remove(passkey).await?;
        let mut is_last = work.unit().passkeys().count(owner.id).await? == 0;
        if is_last && let Some(factor) = work.unit().second_factors().find(owner.id).await? {
            is_last = !factor.is_confirmed();
            if is_last {
                work.unit().second_factors().remove(factor).await?;
            }
        }
        // The others are left: with the last second factor they go.
        if !is_last {
            tell_of_recovery_code(work, &owner, verdict).await?;
        }
        mail_account(work, owner.id, &owner.email, AccountNotice::PasskeyRemoved { is_last }).await?;
        work.after_commit(Effect::MfaChanged { user: owner.id });
        Ok(Ok(()))
    }
}
