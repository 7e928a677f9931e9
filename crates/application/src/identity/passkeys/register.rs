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
use crate::identity::{AccountNotice, Accounts, EmailVerification, mail_account};
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
        let (session, now) = (actor.session()?, self.app.clock.now());
        let open = |proved| self.passkeys.open(CeremonyPurpose::Registration { session, proved }, ceremony, now);
        let proved = open(true).map(|it| (it, false));
        let begun = proved.or_else(|| open(false).map(|it| (it, true)));
        let (ceremony, only_as_first) = begun.ok_or(IdentityError::PasskeyCeremony)?;
        let credential = self.passkeys.verifier.register(&ceremony.state, response);
        let credential = credential.ok_or(IdentityError::InvalidPasskey)?;
        let recovery_codes = self.second_factors.recovery_codes();
        let command = AddPasskey {
            ceremony,
            only_as_first,
            name,
            credential_digest: self.secrets.digest(&credential.id),
            credential,
            recovery_codes: self.second_factors.digests(&recovery_codes),
            second_factors: self.second_factors.clone(),
            verification: self.email_verification,
        };
        let added = self.app.execute(actor, command).await?;
        Ok((added.passkey, added.needs_codes.then_some(recovery_codes)))
    }
}

/// Adds a passkey to the actor's account. The first second factor ends their other sessions, which began without one.
#[derive(Clone)]
pub struct AddPasskey {
    pub ceremony: Ceremony,
    /// There was no second factor to prove when it began.
    pub only_as_first: bool,
    pub name: PasskeyName,
    pub credential: NewCredential,
    pub credential_digest: TokenHash,
    /// The digests of the recovery codes that are given out if there are none.
    pub recovery_codes: Vec<TokenHash>,
    pub second_factors: SecondFactors,
    /// Whether they have to have shown that they read their address.
    pub verification: EmailVerification,
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
        self.verification.require(owner.email_verified_at.is_some())?;
        self.ceremony.finish(work, IdentityError::PasskeyCeremony.into()).await?;
        let is_first = !has_second_factor(work, user).await?;
        if self.only_as_first && !is_first {
            return Err(IdentityError::PasskeyCeremony.into());
        }
        if is_first {
            end_other_sessions(work).await?;
        }
        work.unit().enter(organization).await?;
        let mut factor = self.second_factors.factor_of(work, user).await?;
        if is_first {
            // Of an app that somebody began to set up: from now on that takes the passkey, too.
            factor.replace_secret(self.second_factors.secret_of_nobody(user)?, now)?;
        }
        let needs_codes = factor.state().recovery_codes.is_empty();
        if needs_codes {
            factor.issue_recovery_codes(self.recovery_codes.clone(), now);
        }
        if is_first || needs_codes {
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
