//! A new password for who has forgotten theirs, by a link that is mailed to them.

use async_trait::async_trait;
use tenon_domain::identity::{AccountRequestKind, Email, IdentityFact, Password, PasswordHash, PersonalWords};
use tenon_domain::{AccountRequestId, UserId};

use super::account_mail::mail_account;
use super::account_requests::{open_request, redeem_request};
use super::own_sessions::end_sessions;
use super::reclaiming::drop_ways_in;
use super::sign_in::enter_home;
use super::tokens::revoke_tokens_everywhere;
use super::verify_email::mail_anybody;
use super::{AccountNotice, Accounts};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::organizations::join_by_address;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

const REFUSED: AppError = AppError::Unauthenticated(Denial::InvalidAccountToken);

impl Accounts {
    /// Sets the password of whoever the token was mailed to.
    pub async fn reset_password(&self, actor: &Actor, token: &str, password: Password) -> Result<(), AppError> {
        let id = self.read_request(AccountRequestKind::ResetPassword, token)?;
        let (identity, availability) = (&self.app.queries.identity, &self.app.availability);
        let request = availability.within_reach(identity.account_request(id)).await?.ok_or(REFUSED)?;
        let user = request.open_for(AccountRequestKind::ResetPassword, self.app.clock.now()).ok_or(REFUSED)?;
        let user = availability.within_reach(identity.user(user)).await?.ok_or(REFUSED)?;
        let owner = PersonalWords::of(&user.display_name, &user.email);
        let password_hash = self.hash_new(password, owner).await?;
        self.app.execute(actor, ResetPassword { request: id, password_hash }).await
    }
}

/// Mails a link to set a new password, if the address is of an account. The work is the same if not.
#[derive(Clone, Debug)]
pub struct RequestPasswordReset {
    pub email: Email,
}

#[async_trait]
impl Command for RequestPasswordReset {
    type Output = ();
    const NAME: &'static str = "auth.forgot_password";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let user = work.unit().users().find_by_email(&self.email).await?.map(|user| user.state().id);
        let request = open_request(work, user, AccountRequestKind::ResetPassword, &self.email).await?;
        enter_home(work, user).await?;
        let requested = about_sign_in(user, self.email.as_str(), IdentityFact::PasswordResetRequested);
        work.unit().events().record(vec![requested]).await?;
        mail_anybody(work, user, &self.email, AccountNotice::ResetPassword { request }).await
    }
}

/// Uses up the link that was mailed to set a new password. It ends all sessions and tokens, and shows that the address
/// is read. If nobody had shown that before, second factors and other ways to sign in go, too.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    pub request: AccountRequestId,
    pub password_hash: PasswordHash,
}

#[async_trait]
impl Command for ResetPassword {
    type Output = ();
    const NAME: &'static str = "user.reset_password";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (mut user, email) = redeem_request(work, self.request, AccountRequestKind::ResetPassword).await?;
        // Who reads an address that was the account's once has nothing to say any more.
        if user.state().email != email {
            return Err(REFUSED);
        }
        let id = user.state().id;
        work.unit().act_as(id);
        // All of this is about several organizations, and comes before one of them is entered.
        revoke_tokens_everywhere(work, id).await?;
        let sessions = work.unit().sessions().live_of(id).await?;
        let home = work.unit().members().home_of(id).await?;
        end_sessions(work, sessions).await?;
        close_with_password(work, id).await?;
        if let Some((organization, _)) = home {
            work.unit().enter(organization).await?;
        }
        let is_news = user.state().email_verified_at.is_none();
        if is_news {
            drop_ways_in(work, user.state()).await?;
        }
        user.reset_password(self.password_hash.clone(), work.now());
        let user = work.unit().users().save(user).await?;
        mail_account(work, id, &email, AccountNotice::PasswordChanged).await?;
        if is_news {
            join_by_address(work, &user).await?;
        }
        Ok(())
    }
}

/// Makes the links worthless that somebody may have asked for who knew, or sought, the password before.
pub(super) async fn close_with_password(work: &mut Work<'_>, user: UserId) -> Result<(), AppError> {
    let kinds = [AccountRequestKind::ResetPassword, AccountRequestKind::ConfirmEmail];
    let now = work.now();
    Ok(work.unit().account_requests().close(Some(user), &kinds, now).await?)
}
