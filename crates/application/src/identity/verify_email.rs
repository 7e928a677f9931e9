//! Showing that one reads the address one registered with.

use async_trait::async_trait;
use tenon_domain::identity::{AccountRequestKind, Email, SignInFailure};
use tenon_domain::{AccountRequestId, UserId};

use super::account_mail::{mail_account, mail_nobody};
use super::account_requests::{open_request, redeem_request};
use super::sign_in::enter_home;
use super::{AccountNotice, Accounts, Credentials, RecordSignInFailure};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::organizations::join_by_address;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Whether people have to show that they read their address before they can sign in again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmailVerification {
    #[default]
    Off,
    Required,
}

impl EmailVerification {
    /// Refuses an actor who has yet to show that they read their address, where that is required: what they are about to
    /// make would let them in for longer than they have time for that.
    pub(super) async fn require_of_actor(self, work: &mut Work<'_>) -> Result<(), AppError> {
        if self == Self::Off {
            return Ok(());
        }
        let user = work.viewer()?.user;
        let user = work.unit().users().find(user).await?.ok_or(AppError::NotFound("user"))?;
        self.require(user.state().email_verified_at.is_some())
    }

    /// The same, of whom it is known whether they have.
    pub(super) fn require(self, is_verified: bool) -> Result<(), AppError> {
        let is_wanting = self == Self::Required && !is_verified;
        if is_wanting { Err(AppError::Unauthenticated(Denial::UnverifiedEmail)) } else { Ok(()) }
    }
}

impl Accounts {
    /// Notes that the address is read to which the token was mailed.
    pub async fn verify_email(&self, actor: &Actor, token: &str) -> Result<(), AppError> {
        let request = self.read_request(AccountRequestKind::VerifyEmail, token)?;
        self.app.execute(actor, VerifyEmail { request }).await
    }

    /// The request of a token that was mailed for this.
    pub(super) fn read_request(&self, kind: AccountRequestKind, token: &str) -> Result<AccountRequestId, AppError> {
        self.account_tokens.read(kind, token).ok_or(AppError::Unauthenticated(Denial::InvalidAccountToken))
    }

    /// Refuses who has proved who they are, but has yet to show that they read their address, where that is required.
    pub(super) async fn require_verified(
        &self,
        actor: &Actor,
        known: &Credentials,
        email: &str,
    ) -> Result<(), AppError> {
        if known.email_verified || self.email_verification == EmailVerification::Off {
            return Ok(());
        }
        let (user, email) = (Some(known.user_id), email.trim().to_ascii_lowercase());
        let refused = RecordSignInFailure { user, email, reason: SignInFailure::UnverifiedEmail };
        self.app.execute(actor, refused).await?;
        Err(AppError::Unauthenticated(Denial::UnverifiedEmail))
    }
}

/// Mails a user the link by which they show that they read their address.
pub(crate) async fn ask_to_verify(work: &mut Work<'_>, user: UserId, email: &Email) -> Result<(), AppError> {
    let request = open_request(work, Some(user), AccountRequestKind::VerifyEmail, email).await?;
    mail_account(work, user, email, AccountNotice::VerifyEmail { request }).await
}

/// Uses up the link that was mailed to verify an address.
#[derive(Clone, Copy, Debug)]
pub struct VerifyEmail {
    pub request: AccountRequestId,
}

#[async_trait]
impl Command for VerifyEmail {
    type Output = ();
    const NAME: &'static str = "user.verify_email";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (mut user, email) = redeem_request(work, self.request, AccountRequestKind::VerifyEmail).await?;
        // Of an address that was changed since, the link says nothing.
        if user.state().email != email {
            return Err(AppError::Unauthenticated(Denial::InvalidAccountToken));
        }
        enter_home(work, Some(user.state().id)).await?;
        work.unit().act_as(user.state().id);
        let is_news = user.state().email_verified_at.is_none();
        user.verify_email(work.now());
        let user = work.unit().users().save(user).await?;
        if is_news {
            join_by_address(work, &user).await?;
        }
        Ok(())
    }
}

/// Mails the link to verify an address again, if it is of an account that needs it. The work is the same if not.
#[derive(Clone, Debug)]
pub struct ResendVerification {
    pub email: Email,
}

#[async_trait]
impl Command for ResendVerification {
    type Output = ();
    const NAME: &'static str = "user.resend_verification";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let known = work.unit().users().find_by_email(&self.email).await?;
        let unverified = known.filter(|user| user.state().email_verified_at.is_none());
        let user = unverified.map(|user| user.state().id);
        let request = open_request(work, user, AccountRequestKind::VerifyEmail, &self.email).await?;
        mail_anybody(work, user, &self.email, AccountNotice::VerifyEmail { request }).await
    }
}

/// Stores a mail to whoever has the address, if anybody has.
pub(super) async fn mail_anybody(
    work: &mut Work<'_>,
    user: Option<UserId>,
    email: &Email,
    notice: AccountNotice,
) -> Result<(), AppError> {
    match user {
        Some(user) => mail_account(work, user, email, notice).await,
        None => mail_nobody(work, notice).await,
    }
}
