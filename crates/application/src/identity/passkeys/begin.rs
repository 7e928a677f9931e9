//! The first half of every ceremony.

use tenon_domain::UserId;
use tenon_domain::identity::{IdentityError, Passkey, Password, SignInChallenge};

use super::{CeremonyPurpose, StartedCeremony};
use crate::actor::{Actor, Denial};
use crate::error::AppError;
use crate::identity::own_credentials::as_own_password;
use crate::identity::second_factor::{FindChallenged, MfaAnswer, ProveSecondFactor};
use crate::identity::{Accounts, Credentials};

impl Accounts {
    /// Begins to add a passkey to the actor's account. Who has a second factor proves it for that.
    pub async fn begin_passkey(
        &self,
        actor: &Actor,
        password: Password,
        answer: Option<MfaAnswer>,
    ) -> Result<StartedCeremony, AppError> {
        self.passkeys.check_available()?;
        let session = actor.session()?;
        let (user, proven) = self.prove(actor, password).await.map_err(as_own_password)?;
        self.email_verification.require(proven.email_verified)?;
        let present = self.app.queries.passkeys.credentials(user.id);
        let present = self.app.availability.within_reach(present).await?;
        Passkey::check_room(present.len() as u64)?;
        let proved = self.prove_second_factor(actor, proven, answer).await?;
        let start = self.passkeys.verifier.begin_registration(&user, &present)?;
        let purpose = CeremonyPurpose::Registration { session, proved };
        let token = self.passkeys.seal(purpose, &start.state, self.app.clock.now())?;
        Ok(StartedCeremony { token, options: start.options })
    }

    /// In a transaction of its own, because a code is used up by it. Who has no second factor costs none. Answers whether
    /// there was one to prove.
    async fn prove_second_factor(
        &self,
        actor: &Actor,
        proven: Credentials,
        answer: Option<MfaAnswer>,
    ) -> Result<bool, AppError> {
        let found = self.app.queries.identity.second_factors(proven.user_id);
        if !self.app.availability.within_reach(found).await?.is_enabled() {
            return Ok(false);
        }
        let command = ProveSecondFactor { proven, proof: self.proof_of(answer)? };
        self.app.execute(actor, command).await.map_err(as_own_password)?
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
        self.begin_assertion_of(user, CeremonyPurpose::SecondFactor(challenge)).await
    }

    /// Begins to prove the actor's second factor in their session.
    pub async fn begin_step_up(&self, actor: &Actor) -> Result<StartedCeremony, AppError> {
        self.passkeys.check_available()?;
        let session = actor.session()?;
        self.begin_assertion_of(actor.viewer()?.user, CeremonyPurpose::StepUp(session)).await
    }

    async fn begin_assertion_of(&self, user: UserId, purpose: CeremonyPurpose) -> Result<StartedCeremony, AppError> {
        let allowed = self.app.availability.within_reach(self.app.queries.passkeys.credentials(user)).await?;
        // Nothing allowed would mean anything allowed.
        if allowed.is_empty() {
            return Err(IdentityError::NoPasskey.into());
        }
        let start = self.passkeys.verifier.begin_assertion(&allowed)?;
        let token = self.passkeys.seal(purpose, &start.state, self.app.clock.now())?;
        Ok(StartedCeremony { token, options: start.options })
    }
}
