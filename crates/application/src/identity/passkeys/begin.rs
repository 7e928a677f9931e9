//! The first half of every ceremony.

use tenon_domain::identity::{IdentityError, Passkey, Password, SignInChallenge};

use super::{CeremonyPurpose, StartedCeremony};
use crate::actor::{Actor, Denial};
use crate::error::AppError;
use crate::identity::Accounts;
use crate::identity::own_credentials::as_own_password;
use crate::identity::second_factor::FindChallenged;

impl Accounts {
    /// Begins to add a passkey to the actor's account.
    pub async fn begin_passkey(&self, actor: &Actor, password: Password) -> Result<StartedCeremony, AppError> {
        self.passkeys.check_available()?;
        let session = actor.session()?;
        let (user, _) = self.prove(actor, password).await.map_err(as_own_password)?;
        let present = self.app.queries.passkeys.credentials(user.id);
        let present = self.app.availability.within_reach(present).await?;
        Passkey::check_room(present.len() as u64)?;
        let start = self.passkeys.verifier.begin_registration(&user, &present)?;
        let token = self.passkeys.seal(CeremonyPurpose::Registration(session), &start.state, self.app.clock.now())?;
        Ok(StartedCeremony { token, options: start.options })
    }

    /// Begins a sign-in with whatever passkey the browser finds. It is the same for everybody, and costs no query.
    pub fn begin_passkey_sign_in(&self) -> Result<StartedCeremony, AppError> {
        self.passkeys.check_available()?;
        let start = self.passkeys.verifier.begin_assertion(&[])?;
        let token = self.passkeys.seal(CeremonyPurpose::SignIn, &start.state, self.app.clock.now())?;
        Ok(StartedCeremony { token, options: start.options })
    }

    /// Begins to go on with a sign-in that waits for the second factor.
    pub async fn begin_mfa_passkey(&self, actor: &Actor, mfa_token: &str) -> Result<StartedCeremony, AppError> {
        self.passkeys.check_available()?;
        let useless = AppError::Unauthenticated(Denial::InvalidMfaToken);
        let challenge = SignInChallenge::named_by(mfa_token).ok_or(useless)?;
        let command = FindChallenged { challenge, presented: self.secrets.digest(mfa_token) };
        let user = self.app.execute(actor, command).await?;
        let allowed = self.app.availability.within_reach(self.app.queries.passkeys.credentials(user)).await?;
        // Nothing allowed would mean anything allowed.
        if allowed.is_empty() {
            return Err(IdentityError::NoPasskey.into());
        }
        let start = self.passkeys.verifier.begin_assertion(&allowed)?;
        let purpose = CeremonyPurpose::SecondFactor(challenge);
        let token = self.passkeys.seal(purpose, &start.state, self.app.clock.now())?;
        Ok(StartedCeremony { token, options: start.options })
    }
}
