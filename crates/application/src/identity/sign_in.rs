//! The changes behind registering and signing in. What is slow happened before, in [`Accounts`](super::Accounts).

use async_trait::async_trait;
use tenon_domain::identity::{
    Client, DisplayName, Email, IdentityError, IdentityFact, PasswordHash, ProviderKey, Session, SignInFailure,
    TokenHash, User, UserState,
};
use tenon_domain::organizations::OrganizationName;
use tenon_domain::{SessionId, UserId};
use uuid::Uuid;

use super::own_sessions::end_sessions;
use super::second_factor::has_second_factor;
use super::{Credentials, EmailVerification, UserView, ask_to_verify};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::organizations::{OrganizationView, appoint_founder, create_organization, seen_with};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

/// A session that was opened, with whom and where.
#[derive(Clone, Debug)]
pub struct Grant {
    pub session: SessionId,
    pub user: UserView,
    pub organization: OrganizationView,
}

/// Starts a session of a user in the organization that the unit of work is in. One more than may live ends the one that
/// was used longest ago.
pub(crate) async fn open_session(
    work: &mut Work<'_>,
    id: SessionId,
    refresh_hash: &TokenHash,
    client: &Client,
    user: UserView,
    organization: OrganizationView,
) -> Result<Grant, AppError> {
    open_session_by(work, id, refresh_hash, client, user, organization, None).await
}

/// The same, of somebody for whom an identity provider has vouched, perhaps.
pub(super) async fn open_session_by(
    work: &mut Work<'_>,
    id: SessionId,
    refresh_hash: &TokenHash,
    client: &Client,
    user: UserView,
    organization: OrganizationView,
    provider: Option<&ProviderKey>,
) -> Result<Grant, AppError> {
    let now = work.now();
    let displaced = Session::displaced(work.unit().sessions().live_of(user.id).await?);
    if !displaced.is_empty() {
        end_sessions(work, displaced).await?;
        work.unit().enter(organization.id).await?;
    }
    let mut session = Session::start(id, user.id, organization.id, refresh_hash.clone(), client.clone(), now);
    session.cap(work.session_max_age());
    if let Some(provider) = provider {
        session.note_provider(provider);
    }
    work.unit().sessions().save(session).await?;
    Ok(Grant { session: id, user, organization })
}

/// Creates an account and its first organization, and signs in.
#[derive(Clone, Debug)]
pub struct Register {
    pub email: Email,
    pub display_name: DisplayName,
    pub password_hash: PasswordHash,
    pub organization_name: OrganizationName,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    pub verification: EmailVerification,
}

#[async_trait]
impl Command for Register {
    type Output = Grant;
    const NAME: &'static str = "auth.register";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let id: UserId = work.next_id();
        let now = work.now();
        work.unit().act_as(id);
        let user = User::register(id, self.email.clone(), self.display_name.clone(), self.password_hash.clone(), now);
        // The organization comes first: it binds the unit of work, so that every event belongs to the tenant.
        let organization = create_organization(work, self.organization_name.clone()).await?;
        let user = match work.unit().users().save(user).await {
            Err(StoreError::Duplicate(_)) => return Err(IdentityError::EmailTaken.into()),
            stored => UserView::from(stored?),
        };
        let organization = appoint_founder(work, organization, id, self.display_name.to_string()).await?;
        if self.verification == EmailVerification::Required {
            ask_to_verify(work, id, &self.email).await?;
        }
        open_session(work, self.session, &self.refresh_hash, &self.client, user, organization).await
    }
}

/// Who signs in, locked, if what was checked of them before is still true: whoever has changed the password meanwhile,
/// or set up a second factor, has ended all sessions, and wants no new one that began before. Without a proof both were
/// looked at under this lock.
pub(crate) async fn find_proven(
    work: &mut Work<'_>,
    user: UserId,
    proof: Option<&Credentials>,
) -> Result<User, AppError> {
    let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
    let found = work.unit().users().find_locked(user).await?.ok_or(refused.clone())?;
    let Some(proof) = proof else { return Ok(found) };
    if proof.are_outdated(found.state()) || has_second_factor(work, user).await? {
        return Err(refused);
    }
    Ok(found)
}

/// Signs a user in whose password was checked, into the organization they were in last.
#[derive(Clone, Debug)]
pub struct StartSession {
    pub user: UserId,
    /// What the password was compared with, of somebody without a second factor. `None` where one was accepted, and the
    /// password looked at again if there was one.
    pub proof: Option<Credentials>,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
}

#[async_trait]
impl Command for StartSession {
    type Output = Grant;
    const NAME: &'static str = "auth.login";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
        let user = find_proven(work, self.user, self.proof.as_ref()).await?.state().clone();
        let Some((organization, access)) = work.unit().members().home_of(user.id).await? else {
            return Err(homeless(work, &user, Denial::InvalidCredentials).await?.0);
        };
        work.unit().enter(organization).await?;
        work.unit().act_as(user.id);
        let organization = seen_with(work, access).await?.ok_or(refused)?;
        open_session(work, self.session, &self.refresh_hash, &self.client, UserView::from(user), organization).await
    }
}

/// What somebody is answered who proved who they are but has nowhere to go, and why. `denial` is what is said to who is
/// neither deactivated nor suspended.
pub(super) async fn homeless(
    work: &mut Work<'_>,
    user: &UserState,
    denial: Denial,
) -> Result<(AppError, SignInFailure), AppError> {
    if user.is_deactivated() {
        return Ok((AppError::Deactivated, SignInFailure::Deactivated));
    }
    let is_suspended = !work.unit().members().organizations_of(user.id).await?.is_empty();
    Ok(if is_suspended {
        (AppError::Suspended, SignInFailure::Suspended)
    } else {
        (AppError::Unauthenticated(denial), SignInFailure::NoOrganization)
    })
}

/// Puts a refused sign-in on the audit trail.
#[derive(Clone, Debug)]
pub struct RecordSignInFailure {
    pub user: Option<UserId>,
    pub email: String,
    pub reason: SignInFailure,
}

#[async_trait]
impl Command for RecordSignInFailure {
    type Output = ();
    const NAME: &'static str = "auth.login_refused";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        enter_home(work, self.user).await?;
        let failed = IdentityFact::SignInFailed { reason: self.reason };
        work.unit().events().record(vec![about_sign_in(self.user, &self.email, failed)]).await?;
        Ok(())
    }
}

/// Binds the unit of work to the organization whose audit trail is to tell of a user, if there is one. The same queries
/// whether the user exists or not: the time must not tell.
pub(super) async fn enter_home(work: &mut Work<'_>, user: Option<UserId>) -> Result<(), AppError> {
    let user = user.unwrap_or(UserId::new(Uuid::nil()));
    if let Some((organization, _)) = work.unit().members().home_of(user).await? {
        work.unit().enter(organization).await?;
    }
    Ok(())
}
