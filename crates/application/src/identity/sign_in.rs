//! The changes behind registering and signing in. What is slow happened before, in [`Accounts`](super::Accounts).

use async_trait::async_trait;
use tenon_domain::identity::{
    Client, DisplayName, Email, IdentityError, PasswordHash, Session, SignInFailure, TokenHash, User,
};
use tenon_domain::organizations::OrganizationName;
use tenon_domain::{SessionId, UserId};
use uuid::Uuid;

use super::UserView;
use crate::actor::{Actor, Denial};
use crate::command::{Command, Work, sign_in_failed};
use crate::error::AppError;
use crate::organizations::{OrganizationView, appoint_founder, create_organization};
use crate::unit_of_work::{Scope, StoreError};

/// A session that was opened, with whom and where.
#[derive(Clone, Debug)]
pub struct Grant {
    pub session: SessionId,
    pub user: UserView,
    pub organization: OrganizationView,
}

/// Starts a session of a user in an organization.
pub(crate) async fn open_session(
    work: &mut Work<'_>,
    id: SessionId,
    refresh_hash: &TokenHash,
    client: &Client,
    user: UserView,
    organization: OrganizationView,
) -> Result<Grant, AppError> {
    let now = work.now();
    let session = Session::start(id, user.id, organization.id, refresh_hash.clone(), client.clone(), now);
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
}

#[async_trait]
impl Command for Register {
    type Output = Grant;
    const NAME: &'static str = "auth.register";

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
        open_session(work, self.session, &self.refresh_hash, &self.client, user, organization).await
    }
}

/// Signs a user in whose password was checked, into the organization they were in last.
#[derive(Clone, Debug)]
pub struct StartSession {
    pub user: UserId,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
}

#[async_trait]
impl Command for StartSession {
    type Output = Grant;
    const NAME: &'static str = "auth.login";

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidCredentials);
        let user = work.unit().users().find(self.user).await?.ok_or(refused.clone())?.state().clone();
        let (organization, role) = work.unit().members().home_of(user.id).await?.ok_or(refused.clone())?;
        work.unit().enter(organization).await?;
        work.unit().act_as(user.id);
        let organization = work.unit().organizations().current().await?.ok_or(refused)?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        open_session(work, self.session, &self.refresh_hash, &self.client, UserView::from(user), organization).await
    }
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

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        // The same queries whether the account exists or not: the time must not tell.
        let user = self.user.unwrap_or(UserId::new(Uuid::nil()));
        if let Some((organization, _)) = work.unit().members().home_of(user).await? {
            work.unit().enter(organization).await?;
        }
        work.unit().events().record(vec![sign_in_failed(self.user, &self.email, self.reason)]).await?;
        Ok(())
    }
}
