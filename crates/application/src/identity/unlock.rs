//! Too many failed sign-ins: who has to wait, and how the owner of a locked account gets in.

use async_trait::async_trait;
use tenon_domain::identity::{AccountRequestKind, Email, IdentityFact};
use tenon_domain::{AccountRequestId, UserId};

use super::account_requests::{open_request, redeem_request};
use super::sign_in::enter_home;
use super::verify_email::mail_anybody;
use super::{AccountNotice, Accounts, Admission, Grant, SignInAttempt};
use crate::actor::Actor;
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Whose password this actor tries. `email` is whatever was typed.
pub(super) fn attempt(actor: &Actor, email: &str) -> SignInAttempt {
    SignInAttempt::new(email, actor.origin.ip.as_deref())
}

impl Accounts {
    /// Refuses an attempt where too many failed. Asked before any password is looked at.
    pub(super) async fn admit(&self, actor: &Actor, email: &str) -> Result<(), AppError> {
        match self.throttle.admit(&attempt(actor, email)).await {
            Admission::Admitted => Ok(()),
            Admission::Paused(retry_after) => {
                metrics::counter!("sign_ins_refused_total", "reason" => "paused").increment(1);
                Err(AppError::TooManyAttempts { retry_after })
            }
            Admission::Locked { retry_after, tell } => {
                metrics::counter!("sign_ins_refused_total", "reason" => "locked").increment(1);
                if tell {
                    self.offer_unlock(actor, email).await?;
                }
                Err(AppError::SignInLocked { retry_after })
            }
        }
    }

    /// Remembers where somebody signed in from, and forgets what they mistyped before.
    pub(super) async fn make_familiar(&self, actor: &Actor, grant: &Grant) {
        self.throttle.succeeded(&attempt(actor, &grant.user.email)).await;
    }

    /// Lets the owner of a locked account in again, and the address they are at with them: a flood that locks it once
    /// more does not concern them.
    pub async fn unlock(&self, actor: &Actor, token: &str) -> Result<(), AppError> {
        let request = self.read_request(AccountRequestKind::UnlockSignIn, token)?;
        let email = self.app.execute(actor, Unlock { request }).await?;
        self.throttle.unlock(&attempt(actor, email.as_str())).await;
        Ok(())
    }

    async fn offer_unlock(&self, actor: &Actor, email: &str) -> Result<(), AppError> {
        let user = self.find_credentials(email).await?.map(|known| known.user_id);
        // What is no address has no account.
        let Ok(email) = Email::read(email) else { return Ok(()) };
        self.app.execute(actor, OfferUnlock { user, email }).await
    }
}

/// Mails the owner of a locked account how to get in. For nobody it does the same work: the time must not tell.
#[derive(Clone, Debug)]
struct OfferUnlock {
    user: Option<UserId>,
    email: Email,
}

#[async_trait]
impl Command for OfferUnlock {
    type Output = ();
    const NAME: &'static str = "auth.offer_unlock";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        enter_home(work, self.user).await?;
        let request = open_request(work, self.user, AccountRequestKind::UnlockSignIn, &self.email).await?;
        let locked = about_sign_in(self.user, self.email.as_str(), IdentityFact::SignInLocked);
        work.unit().events().record(vec![locked]).await?;
        mail_anybody(work, self.user, &self.email, AccountNotice::SignInLocked { request }).await
    }
}

/// Uses up the link with which the owner of a locked account gets in. Answers the account's address.
#[derive(Clone, Copy, Debug)]
struct Unlock {
    request: AccountRequestId,
}

#[async_trait]
impl Command for Unlock {
    type Output = Email;
    const NAME: &'static str = "auth.unlock";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Email, AppError> {
        let (user, email) = redeem_request(work, self.request, AccountRequestKind::UnlockSignIn).await?;
        let user = user.state().id;
        enter_home(work, Some(user)).await?;
        work.unit().act_as(user);
        let unlocked = about_sign_in(Some(user), email.as_str(), IdentityFact::SignInUnlocked);
        work.unit().events().record(vec![unlocked]).await?;
        Ok(email)
    }
}
