use async_trait::async_trait;
use serde_json::Value;
use tenon_domain::identity::{IdentityError, NewPasskey, Passkey, PasskeyName, RecoveryCode, TokenHash};

use super::{Ceremony, CeremonyPurpose, NewCredential, PasskeyView};
use crate::actor::{Actor, Viewer};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::own_sessions::end_other_sessions;
use crate::identity::second_factor::{SecondFactors, has_second_factor};
use crate::identity::sessions::live_session;
use crate::identity::{AccountNotice, Accounts, mail_account};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

impl Accounts {
    /// Adds the passkey that an authenticator made to the actor's account. Answers recovery codes with it, when they
    /// have none: they cannot be shown again.
    pub async fn add_passkey(
        &self,
        actor: &Actor,
        ceremony: &str,
        name: PasskeyName,
        response: &Value,
    ) -> Result<(PasskeyView, Option<Vec<RecoveryCode>>), AppError> {
        self.passkeys.check_available()?;
        let purpose = CeremonyPurpose::Registration(actor.session()?);
        let ceremony = self.passkeys.open(purpose, ceremony, self.app.clock.now());
        let ceremony = ceremony.ok_or(IdentityError::PasskeyCeremony)?;
        let credential = self.passkeys.verifier.register(&ceremony.state, response);
        let credential = credential.ok_or(IdentityError::InvalidPasskey)?;
        let recovery_codes = self.second_factors.recovery_codes();
        let command = AddPasskey {
            ceremony,
            name,
            credential_digest: self.secrets.digest(&credential.id),
            credential,
            recovery_codes: self.second_factors.digests(&recovery_codes),
            second_factors: self.second_factors.clone(),
        };
        let added = self.app.execute(actor, command).await?;
        Ok((added.passkey, added.needs_codes.then_some(recovery_codes)))
    }
}

/// Adds a passkey to the actor's account. The first second factor ends their other sessions, which began without one.
#[derive(Clone)]
pub struct AddPasskey {
    pub ceremony: Ceremony,
    pub name: PasskeyName,
    pub credential: NewCredential,
    pub credential_digest: TokenHash,
    /// The digests of the recovery codes that are given out if there are none.
    pub recovery_codes: Vec<TokenHash>,
    pub second_factors: SecondFactors,
}

/// What became of it.
#[derive(Clone, Debug)]
pub struct AddedPasskey {
    pub passkey: PasskeyView,
    /// Whether the recovery codes are in force.
    pub needs_codes: bool,
}

#[async_trait]
impl Command for AddPasskey {
    type Output = AddedPasskey;
    const NAME: &'static str = "passkey.add";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<AddedPasskey, AppError> {
        let (Viewer { user, organization, .. }, now) = (work.viewer()?, work.now());
        let owner = work.unit().users().find_locked(user).await?.ok_or(AppError::NotFound("user"))?.state().clone();
        // It may have been ended while the authenticator was waited for, by who wanted no other way in to be left.
        live_session(work).await?;
        match work.unit().passkeys().finish(&self.ceremony.digest, self.ceremony.expires_at).await {
            Err(StoreError::Duplicate(_)) => return Err(IdentityError::PasskeyCeremony.into()),
            finished => finished?,
        }
        if !has_second_factor(work, user).await? {
            end_other_sessions(work).await?;
        }
        work.unit().enter(organization).await?;
        let mut factor = self.second_factors.factor_of(work, user).await?;
        let needs_codes = factor.state().recovery_codes.is_empty();
        if needs_codes {
            factor.issue_recovery_codes(self.recovery_codes.clone(), now);
            work.unit().second_factors().save(factor).await?;
        }
        let new = NewPasskey {
            id: work.next_id(),
            user_id: user,
            credential_digest: self.credential_digest.clone(),
            name: self.name.clone(),
            credential: self.credential.credential.clone(),
            synced: self.credential.synced,
        };
        let present = work.unit().passkeys().count(user).await?;
        let passkey = match work.unit().passkeys().save(Passkey::add(new, present, now)?).await {
            Err(StoreError::Duplicate(_)) => return Err(IdentityError::PasskeyRegistered.into()),
            saved => PasskeyView::from(saved?),
        };
        mail_account(work, user, &owner.email, AccountNotice::PasskeyAdded).await?;
        work.after_commit(Effect::MfaChanged { user });
        Ok(AddedPasskey { passkey, needs_codes })
    }
}
