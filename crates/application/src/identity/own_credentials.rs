//! A user's own password and address, which only their present password changes.

use async_trait::async_trait;
use tenon_domain::AccountRequestId;
use tenon_domain::identity::{
    AccountRequestKind, Email, IdentityError, Password, PasswordHash, PersonalWords, SignInFailure, User,
};

use super::account_mail::mail_account;
use super::account_requests::{open_request, redeem_request};
use super::own_sessions::end_other_sessions;
use super::reset_password::close_with_password;
use super::sign_in::enter_home;
use super::{AccountNotice, Accounts, Credentials, UserView};
use crate::actor::Actor;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::organizations::{join_by_address, keep_out_by_address};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

impl Accounts {
    /// Replaces the actor's password, and ends their other sessions.
    pub async fn change_password(&self, actor: &Actor, current: Password, new: Password) -> Result<(), AppError> {
        let (user, proven) = self.prove(actor, current).await?;
        let owner = PersonalWords::of(&user.display_name, &user.email);
        let password_hash = self.hash_new(new, owner).await?;
        self.app.execute(actor, ChangePassword { proven, password_hash }).await
    }

    /// Mails a link to a new address, which puts it into force. Whether somebody has it already is not told here.
    pub async fn change_email(&self, actor: &Actor, current: Password, email: Email) -> Result<(), AppError> {
        let (_, proven) = self.prove(actor, current).await?;
        self.app.execute(actor, RequestEmailChange { proven, email }).await
    }

    /// Puts the address into force to which the token was mailed.
    pub async fn confirm_email(&self, actor: &Actor, token: &str) -> Result<(), AppError> {
        let request = self.read_request(AccountRequestKind::ConfirmEmail, token)?;
        self.app.execute(actor, ConfirmEmail { request }).await
    }

    /// Who the actor is and what their password was compared with, once they have shown that they know it.
    pub(super) async fn prove(&self, actor: &Actor, password: Password) -> Result<(UserView, Credentials), AppError> {
        actor.session()?;
        let (identity, availability) = (&self.app.queries.identity, &self.app.availability);
        let user = availability.within_reach(identity.user(actor.viewer()?.user)).await?;
        let user = user.ok_or(AppError::NotFound("user"))?;
        self.admit(actor, &user.email).await?;
        let email = Email::restore(user.email.clone());
        let credentials = availability.within_reach(identity.credentials(&email)).await?;
        let known = credentials.filter(|known| known.user_id == user.id);
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        if self.hasher.verify(password, hash).await?
            && let Some(known) = known
        {
            return Ok((user, known));
        }
        match self.refused(actor, Some(user.id), &user.email, SignInFailure::WrongPassword).await {
            AppError::Unauthenticated(_) => Err(IdentityError::CurrentPassword.into()),
            error => Err(error),
        }
    }
}

/// What a refused password is called where there is no new one beside it.
pub(super) fn as_own_password(error: AppError) -> AppError {
    let is_it = error == AppError::from(IdentityError::CurrentPassword);
    if is_it { IdentityError::WrongPassword.into() } else { error }
}

/// The actor, locked.
pub(super) async fn find_self(work: &mut Work<'_>) -> Result<User, AppError> {
    let user = work.viewer()?.user;
    work.unit().users().find_locked(user).await?.ok_or(AppError::NotFound("user"))
}

/// The actor, locked, if their password is still the one they have proved to know. A better hash of it changes nothing.
pub(super) async fn find_proven_self(work: &mut Work<'_>, proven: &Credentials) -> Result<User, AppError> {
    let user = find_self(work).await?;
    if proven.are_outdated(user.state()) { Err(IdentityError::CurrentPassword.into()) } else { Ok(user) }
}

/// Replaces the actor's password, if it is still the one they have proved to know.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    pub proven: Credentials,
    pub password_hash: PasswordHash,
}

#[async_trait]
impl Command for ChangePassword {
    type Output = ();
    const NAME: &'static str = "user.change_password";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let viewer = work.viewer()?;
        let mut user = find_proven_self(work, &self.proven).await?;
        end_other_sessions(work).await?;
        close_with_password(work, viewer.user).await?;
        work.unit().enter(viewer.organization).await?;
        user.change_password(self.password_hash.clone(), work.now());
        let email = user.state().email.clone();
        work.unit().users().save(user).await?;
        mail_account(work, viewer.user, &email, AccountNotice::PasswordChanged).await
    }
}

/// Mails a link to the address that the actor wants to have, if their password is still the one they have proved to
/// know.
#[derive(Clone, Debug)]
pub struct RequestEmailChange {
    pub proven: Credentials,
    pub email: Email,
}

#[async_trait]
impl Command for RequestEmailChange {
    type Output = ();
    const NAME: &'static str = "user.request_email_change";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (user, now) = (find_proven_self(work, &self.proven).await?.state().id, work.now());
        let kind = AccountRequestKind::ConfirmEmail;
        // Whoever reads an address that was mistyped must not get the account by the link that went there.
        work.unit().account_requests().close(Some(user), &[kind], now).await?;
        let request = open_request(work, Some(user), kind, &self.email).await?;
        mail_account(work, user, &self.email, AccountNotice::ConfirmEmail { request }).await
    }
}

/// Uses up the link that was mailed to a new address, and puts the address into force.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmEmail {
    pub request: AccountRequestId,
}

#[async_trait]
impl Command for ConfirmEmail {
    type Output = ();
    const NAME: &'static str = "user.confirm_email";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (mut user, email) = redeem_request(work, self.request, AccountRequestKind::ConfirmEmail).await?;
        let id = user.state().id;
        if user.state().email != email {
            keep_out_by_address(work, user.state()).await?;
        }
        enter_home(work, Some(id)).await?;
        work.unit().act_as(id);
        let now = work.now();
        let (before, verified_before) = (user.state().email.clone(), user.state().email_verified_at.is_some());
        user.change_email(email.clone(), now);
        let user = match work.unit().users().save(user).await {
            Err(StoreError::Duplicate(_)) => return Err(IdentityError::EmailTaken.into()),
            stored => stored?,
        };
        if before != email {
            // What was mailed to the address before has nothing to say any more.
            work.unit().account_requests().close(Some(id), AccountRequestKind::ALL, now).await?;
            mail_account(work, id, &before, AccountNotice::EmailChanged { to: email.to_string() }).await?;
        } else if verified_before {
            return Ok(());
        }
        join_by_address(work, &user).await
    }
}
