use std::sync::Arc;

use serde_json::Value;
use tenon_domain::UserId;
use tenon_domain::identity::Passkey;

use super::{Assertion, Ceremony, PasskeyVerifier};
use crate::command::Work;
use crate::error::AppError;
use crate::identity::SecretTokens;
use crate::secrets::SecretCipher;
use crate::unit_of_work::StoreError;

/// What passkeys are registered and verified with.
#[derive(Clone)]
pub struct Passkeys {
    pub verifier: Arc<dyn PasskeyVerifier>,
    /// Encrypts what is remembered of ceremonies.
    pub cipher: Arc<dyn SecretCipher>,
    pub secrets: Arc<dyn SecretTokens>,
}

impl Ceremony {
    /// Notes that it has succeeded: it is good once. When it had before, this is the answer.
    pub(in crate::identity) async fn finish(&self, work: &mut Work<'_>, again: AppError) -> Result<(), AppError> {
        match work.unit().passkeys().finish(&self.digest, self.expires_at).await {
            Err(StoreError::Duplicate(_)) => Err(again),
            finished => Ok(finished?),
        }
    }
}

/// What somebody showed who was asked for a passkey of a user.
pub(in crate::identity) enum Shown {
    /// One of theirs, which is yet to be saved.
    Genuine(Passkey),
    /// One of theirs, or a copy of it. There is an event to be stored.
    CounterReused(Passkey),
    Nothing,
}

impl Shown {
    /// Puts it on the audit trail when it may have been a copy of a passkey. For what is refused.
    pub(in crate::identity) async fn tell_of_copy(self, work: &mut Work<'_>) -> Result<(), AppError> {
        if let Self::CounterReused(passkey) = self {
            work.unit().events().record(passkey.into_parts().1).await?;
        }
        Ok(())
    }
}

impl Passkeys {
    /// Refuses where passkeys cannot be bound to the deployment's address.
    pub(in crate::identity) fn check_available(&self) -> Result<(), AppError> {
        if self.verifier.is_available() { Ok(()) } else { Err(AppError::PasskeysUnavailable) }
    }

    /// Looks at what came back in a ceremony, with the passkey locked that it is about. Verifying a signature takes less
    /// time than reading a row.
    pub(in crate::identity) async fn examine(
        &self,
        work: &mut Work<'_>,
        owner: UserId,
        ceremony: &Ceremony,
        response: &Value,
    ) -> Result<Shown, AppError> {
        let Some(claim) = self.verifier.identify(response) else { return Ok(Shown::Nothing) };
        if claim.user.is_some_and(|user| user != owner) {
            return Ok(Shown::Nothing);
        }
        let digest = self.secrets.digest(&claim.credential_id);
        let found = work.unit().passkeys().find_by_credential(&digest).await?;
        let Some(mut passkey) = found.filter(|it| it.state().user_id == owner) else { return Ok(Shown::Nothing) };
        let now = work.now();
        Ok(match self.verifier.verify(&ceremony.state, response, &passkey.state().credential) {
            Assertion::Genuine { credential, synced } => {
                passkey.note_use(credential, synced, now);
                Shown::Genuine(passkey)
            }
            Assertion::CounterReused => {
                passkey.note_reused_counter();
                Shown::CounterReused(passkey)
            }
            Assertion::Refused => Shown::Nothing,
        })
    }
}
