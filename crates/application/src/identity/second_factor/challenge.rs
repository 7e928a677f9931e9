use std::fmt;

use async_trait::async_trait;
use tenon_domain::identity::{InvitationToAccept, MfaMethod, SignInChallenge, SignInFailure, TokenHash};
use tenon_domain::{SignInChallengeId, UserId};

use super::SecondFactors;
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::identity::{Accounts, Credentials};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// What a sign-in goes on with that waits for the second factor. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaToken {
    text: String,
    methods: Vec<MfaMethod>,
}

impl MfaToken {
    pub(in crate::identity) fn new(text: String, methods: Vec<MfaMethod>) -> Self {
        Self { text, methods }
    }

    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What can be sent along with it.
    pub fn methods(&self) -> &[MfaMethod] {
        &self.methods
    }
}

impl fmt::Debug for MfaToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MfaToken(…)")
    }
}

impl Accounts {
    /// Stops a sign-in whose password was right when its user has a second factor: it goes on with that, and
    /// then accepts the invitation, if there is one.
    pub(crate) async fn ask_second_factor(
        &self,
        actor: &Actor,
        known: &Credentials,
        email: &str,
        invitation: Option<InvitationToAccept>,
    ) -> Result<(), AppError> {
        let found = self.app.queries.identity.second_factors(known.user_id);
        let found = self.app.availability.within_reach(found).await?;
        if !found.is_enabled() {
            return Ok(());
        }
        let challenge = SignInChallengeId::new(self.app.ids.next_id());
        let token = SignInChallenge::token(challenge, &self.secrets.random());
        let command = PoseChallenge {
            challenge,
            proof: known.clone(),
            token_hash: self.secrets.digest(&token),
            invitation,
            second_factors: self.second_factors.clone(),
        };
        match self.app.execute(actor, command).await {
            Ok(()) => Err(AppError::MfaRequired(MfaToken::new(token, found.methods()))),
            Err(AppError::Unauthenticated(_)) => {
                Err(self.refused(actor, Some(known.user_id), email, SignInFailure::WrongPassword).await)
            }
            Err(error) => Err(error),
        }
    }
}

/// Has a sign-in wait for the second factor.
#[derive(Clone)]
pub struct PoseChallenge {
    pub challenge: SignInChallengeId,
    /// What the password was compared with.
    pub proof: Credentials,
    pub token_hash: TokenHash,
    pub invitation: Option<InvitationToAccept>,
    pub second_factors: SecondFactors,
}

#[async_trait]
impl Command for PoseChallenge {
    type Output = ();
    const NAME: &'static str = "auth.ask_second_factor";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
        let (user, now) = (self.proof.user_id, work.now());
        // Locked, so that the hash does not change before others see what is kept of it here.
        let owner = work.unit().users().find_locked(user).await?.ok_or(refused.clone())?;
        if self.proof.are_outdated(owner.state()) {
            return Err(refused);
        }
        let checked = self.second_factors.digest_of_password(&owner.state().password_hash);
        let token_hash = self.token_hash.clone();
        let challenge = SignInChallenge::pose(self.challenge, user, token_hash, checked, self.invitation, now);
        Ok(work.unit().challenges().pose(challenge).await?)
    }
}

/// Who has to meet a challenge, as long as it can be met by whoever asks.
#[derive(Clone, Debug)]
pub struct FindChallenged {
    pub challenge: SignInChallengeId,
    pub presented: TokenHash,
}

#[async_trait]
impl Command for FindChallenged {
    type Output = UserId;
    const NAME: &'static str = "auth.find_challenged";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<UserId, AppError> {
        let now = work.now();
        let challenge = work.unit().challenges().find(self.challenge).await?;
        let challenge = challenge.filter(|it| it.is_open_to(&self.presented, now));
        challenge.map(|it| it.state().user_id).ok_or(AppError::Unauthenticated(Denial::InvalidMfaToken))
    }
}
