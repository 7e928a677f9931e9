use async_trait::async_trait;
use serde_json::Value;
use tenon_domain::identity::{Client, IdentityFact, SignInFailure, TokenHash};
use tenon_domain::{SessionId, UserId};

use super::{Ceremony, CeremonyPurpose, Passkeys, Shown};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::identity::accounts::client;
use crate::identity::second_factor::Attempt;
use crate::identity::sign_in::{enter_home, homeless};
use crate::identity::unlock::attempt;
use crate::identity::{Accounts, EmailVerification, Grant, SignedIn, StartSession};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidPasskey);

impl Accounts {
    /// Signs whoever a passkey belongs to in. It is a second factor and stands for the password, too: the authenticator
    /// has verified its user.
    pub async fn sign_in_with_passkey(
        &self,
        actor: &Actor,
        ceremony: &str,
        response: &Value,
    ) -> Result<SignedIn, AppError> {
        self.passkeys.check_available()?;
        let ceremony = self.passkeys.open(CeremonyPurpose::SignIn, ceremony, self.app.clock.now());
        let throttled = throttled_as(actor, ceremony.as_ref());
        self.admit(actor, &throttled).await?;
        let signed_in = match ceremony {
            Some(ceremony) => self.try_passkey(actor, ceremony, response).await,
            None => Err(REFUSED),
        };
        if signed_in.as_ref().is_err_and(|error| *error == REFUSED) {
            self.throttle.failed(&attempt(actor, &throttled)).await;
        }
        signed_in
    }

    async fn try_passkey(&self, actor: &Actor, ceremony: Ceremony, response: &Value) -> Result<SignedIn, AppError> {
        // Whose passkey it is, nobody but the authenticator says.
        let user = self.passkeys.verifier.identify(response).and_then(|claim| claim.user).ok_or(REFUSED)?;
        let (session, refresh_token) = self.new_session();
        let command = SignInWithPasskey {
            user,
            ceremony,
            response: response.clone(),
            passkeys: self.passkeys.clone(),
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
            verification: self.email_verification,
        };
        let grant = self.app.execute(actor, command).await??;
        self.make_familiar(actor, &grant).await;
        self.signed_in(grant, refresh_token)
    }
}

/// What failures are counted under besides the address. It is nobody's account: signatures cannot be guessed, so accounts
/// need no protection from it, and must not be locked by it. What was made up is told apart by the address alone: who
/// makes up more of it makes nothing grow.
fn throttled_as(actor: &Actor, ceremony: Option<&Ceremony>) -> String {
    match ceremony {
        Some(ceremony) => format!("passkey of {}", ceremony.digest.as_str()),
        None => format!("passkey at {}", attempt(actor, "").address()),
    }
}

/// Signs a user in with one of their passkeys, into the organization they were in last.
#[derive(Clone)]
pub struct SignInWithPasskey {
    /// Who it is said to be.
    pub user: UserId,
    pub ceremony: Ceremony,
    pub response: Value,
    pub passkeys: Passkeys,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    pub verification: EmailVerification,
}

#[async_trait]
impl Command for SignInWithPasskey {
    type Output = Attempt<Grant>;
    const NAME: &'static str = "auth.sign_in_with_passkey";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<Grant>, AppError> {
        let owner = work.unit().users().find_locked(self.user).await?.ok_or(REFUSED)?.state().clone();
        let shown = self.passkeys.examine(work, owner.id, &self.ceremony, &self.response).await?;
        let is_homeless = work.unit().members().home_of(owner.id).await?.is_none();
        let is_unverified = self.verification == EmailVerification::Required && owner.email_verified_at.is_none();
        let refusal = match &shown {
            Shown::CounterReused(_) | Shown::Nothing => Some((REFUSED, SignInFailure::WrongPasskey)),
            Shown::Genuine(_) if is_unverified => {
                Some((AppError::Unauthenticated(Denial::UnverifiedEmail), SignInFailure::UnverifiedEmail))
            }
            Shown::Genuine(_) if is_homeless => Some(homeless(work, &owner, Denial::InvalidPasskey).await?),
            Shown::Genuine(_) => None,
        };
        let passkey = match (refusal, shown) {
            (None, Shown::Genuine(passkey)) => passkey,
            (refusal, shown) => {
                let (answer, reason) = refusal.unwrap_or((REFUSED, SignInFailure::WrongPasskey));
                // It belongs to where the user is at home, as every sign-in that is refused.
                enter_home(work, Some(owner.id)).await?;
                shown.tell_of_copy(work).await?;
                let failed = IdentityFact::SignInFailed { reason };
                let event = about_sign_in(Some(owner.id), owner.email.as_str(), failed);
                work.unit().events().record(vec![event]).await?;
                return Ok(Err(answer));
            }
        };
        self.ceremony.finish(work, REFUSED).await?;
        let start = StartSession {
            user: owner.id,
            proof: None,
            session: self.session,
            refresh_hash: self.refresh_hash.clone(),
            client: self.client.clone(),
        };
        let grant = start.handle(work).await?;
        work.unit().passkeys().save(passkey).await?;
        Ok(Ok(grant))
    }
}
