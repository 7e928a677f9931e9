use async_trait::async_trait;
use tenon_domain::identity::Password;
use tenon_domain::{PasskeyId, Version};

use super::FindPasskey;
use super::own_passkeys::find_own;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::identity::own_credentials::{as_own_password, find_proven_self};
use crate::identity::{AccountNotice, Accounts, Credentials, mail_account};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Has nobody sign in with one of the actor's passkeys any more.
    pub async fn remove_passkey(
        &self,
        actor: &Actor,
        passkey: PasskeyId,
        password: Password,
        expected_version: Option<Version>,
    ) -> Result<(), AppError> {
        actor.session()?;
        // What is not there takes no password.
        self.app.ask(actor, FindPasskey { passkey }).await?;
        let (_, proven) = self.prove(actor, password).await.map_err(as_own_password)?;
        let command = RemovePasskey { passkey, proven, expected_version };
        self.app.execute(actor, command).await.map_err(as_own_password)
    }
}

/// Takes a passkey of the actor's away, if their password is still the one they have proved to know. With the last second
/// factor the recovery codes go.
#[derive(Clone, Debug)]
pub struct RemovePasskey {
    pub passkey: PasskeyId,
    pub proven: Credentials,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RemovePasskey {
    type Output = ();
    const NAME: &'static str = "passkey.remove";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let owner = find_proven_self(work, &self.proven).await?.state().clone();
        let mut passkey = find_own(work, self.passkey).await?;
        check_version(self.expected_version, passkey.state().version)?;
        passkey.remove();
        work.unit().passkeys().remove(passkey).await?;
        let mut is_last = work.unit().passkeys().count(owner.id).await? == 0;
        if is_last && let Some(factor) = work.unit().second_factors().find(owner.id).await? {
            is_last = !factor.is_confirmed();
            if is_last {
                work.unit().second_factors().remove(factor).await?;
            }
        }
        mail_account(work, owner.id, &owner.email, AccountNotice::PasskeyRemoved { is_last }).await?;
        work.after_commit(Effect::MfaChanged { user: owner.id });
        Ok(())
    }
}
