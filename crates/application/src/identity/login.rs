//! Signing in with an address and a password, step by step.

use tenon_domain::UserId;
use tenon_domain::identity::{Email, InvitationToAccept, Password, SignInFailure};

use super::accounts::client;
use super::unlock::attempt;
use super::{Accounts, Credentials, RecordSignInFailure, SignedIn, StartSession};
use crate::actor::{Actor, Denial};
use crate::error::AppError;

impl Accounts {
    /// Answers the same, after the same work, for an unknown address and a wrong password.
    pub async fn login(&self, actor: &Actor, email: &str, password: Password) -> Result<SignedIn, AppError> {
        self.hasher.check_room()?;
        self.admit(actor, email).await?;
        let credentials = self.find_credentials(email).await?;
        let known = self.verify_credentials(actor, email, credentials, password.clone()).await?;
        self.renew_hash(actor, &known, password).await;
        self.require_verified(actor, &known, email).await?;
        self.ask_second_factor(actor, &known, email, None).await?;
        self.start_session(actor, known, email).await
    }

    pub(super) async fn find_credentials(&self, email: &str) -> Result<Option<Credentials>, AppError> {
        let Ok(address) = Email::read(email) else { return Ok(None) };
        Ok(self.app.availability.within_reach(self.app.queries.identity.credentials(&address)).await?)
    }

    /// The credentials of who signs in, once the password is known to be theirs.
    async fn verify_credentials(
        &self,
        actor: &Actor,
        email: &str,
        credentials: Option<Credentials>,
        password: Password,
    ) -> Result<Credentials, AppError> {
        let hash = credentials.as_ref().map(|known| known.password_hash.clone());
        let verified = self.hasher.verify(password, hash).await?;
        match credentials {
            Some(known) if verified => Ok(known),
            Some(known) => Err(self.refused(actor, Some(known.user_id), email, SignInFailure::WrongPassword).await),
            None => Err(self.refused(actor, None, email, SignInFailure::UnknownAddress).await),
        }
    }

    async fn start_session(&self, actor: &Actor, known: Credentials, email: &str) -> Result<SignedIn, AppError> {
        let user = known.user_id;
        let (session, refresh_token) = self.new_session();
        let refresh_hash = self.secrets.digest(&refresh_token);
        let command = StartSession { user, proof: Some(known.clone()), session, refresh_hash, client: client(actor) };
        match self.app.execute(actor, command).await {
            Err(AppError::Unauthenticated(_)) => Err(self.overtaken(actor, &known, email, None).await),
            Err(refusal @ (AppError::Suspended | AppError::Deactivated)) => {
                Err(self.turned_away(actor, user, email, refusal).await)
            }
            outcome => {
                let grant = outcome?;
                self.make_familiar(actor, &grant).await;
                self.signed_in(grant, refresh_token)
            }
        }
    }

    /// What somebody is answered who has proved who they are and is not let in, once the audit trail has it.
    pub(super) async fn turned_away(&self, actor: &Actor, user: UserId, email: &str, refusal: AppError) -> AppError {
        let reason = match refusal {
            AppError::Deactivated => SignInFailure::Deactivated,
            _ => SignInFailure::Suspended,
        };
        let (user, email) = (Some(user), email.trim().to_ascii_lowercase());
        self.app.execute(actor, RecordSignInFailure { user, email, reason }).await.err().unwrap_or(refusal)
    }

    /// What a sign-in is answered that was refused though its password was right: something has changed since. With a
    /// second factor it goes on.
    pub(super) async fn overtaken(
        &self,
        actor: &Actor,
        known: &Credentials,
        email: &str,
        invitation: Option<InvitationToAccept>,
    ) -> AppError {
        if let Err(asked) = self.ask_second_factor(actor, known, email, invitation).await {
            return asked;
        }
        let reason = match self.find_credentials(email).await {
            Ok(later) if later.as_ref().is_some_and(|later| known.still_hold(later)) => SignInFailure::NoOrganization,
            Ok(_) => SignInFailure::WrongPassword,
            Err(error) => return error,
        };
        self.refused(actor, Some(known.user_id), email, reason).await
    }

    /// What a refused attempt is answered, once it is counted and the audit trail has it.
    pub(super) async fn refused(
        &self,
        actor: &Actor,
        user: Option<UserId>,
        email: &str,
        reason: SignInFailure,
    ) -> AppError {
        self.throttle.failed(&attempt(actor, email)).await;
        // Whatever was typed goes on the audit trail, in a form that every store takes.
        let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let email = email.chars().take(Email::MAX_CHARS).map(printable).collect();
        match self.app.execute(actor, RecordSignInFailure { user, email, reason }).await {
            Ok(()) => AppError::Unauthenticated(Denial::InvalidCredentials),
            Err(error) => error,
        }
    }
}
