//! Keeping a person out of everything, for the operator. What they have stays as it is, and waits for them.

use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, User};
use tenon_domain::{OrganizationId, UserId};

use super::own_sessions::end_sessions;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deactivation {
    /// Whether it was otherwise before.
    pub is_news: bool,
    /// How many organizations they belong to.
    pub organizations: usize,
    /// How many of their sessions have ended.
    pub sessions: usize,
}

/// Keeps a person out of everything, and ends their sessions. Who is out already stays so.
#[derive(Clone, Debug)]
pub struct DeactivateUser {
    pub email: Email,
}

#[async_trait]
impl Command for DeactivateUser {
    type Output = Deactivation;
    const NAME: &'static str = "user.deactivate";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Deactivation, AppError> {
        let (mut user, now) = (find_person(work, &self.email).await?, work.now());
        let id = user.state().id;
        // Before an organization is entered: they are of several.
        let sessions = work.unit().sessions().live_of(id).await?;
        let organizations = work.unit().members().organizations_of(id).await?;
        ensure_owners_stay(work, id, &organizations).await?;
        let ended = sessions.len();
        end_sessions(work, sessions).await?;
        let is_news = user.deactivate(now);
        store(work, user, &organizations).await?;
        for &organization in &organizations {
            work.after_commit(Effect::RoleChanged { organization, user: id, role: None });
        }
        Ok(Deactivation { is_news, organizations: organizations.len(), sessions: ended })
    }
}

/// Lets a person in again, where and as they were: who is suspended by an organization stays so there.
#[derive(Clone, Debug)]
pub struct ReactivateUser {
    pub email: Email,
}

#[async_trait]
impl Command for ReactivateUser {
    type Output = Deactivation;
    const NAME: &'static str = "user.reactivate";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Deactivation, AppError> {
        let (mut user, now) = (find_person(work, &self.email).await?, work.now());
        let id = user.state().id;
        let organizations = work.unit().members().organizations_of(id).await?;
        let is_news = user.reactivate(now);
        store(work, user, &organizations).await?;
        for &organization in &organizations {
            work.after_commit(Effect::RoleUnknown { organization, user: id });
        }
        Ok(Deactivation { is_news, organizations: organizations.len(), sessions: 0 })
    }
}

/// The person, locked: whoever lets them in at the same time, or makes them a member, comes before or after it.
async fn find_person(work: &mut Work<'_>, email: &Email) -> Result<User, AppError> {
    let absent = AppError::NotFound("user");
    let found = work.unit().users().find_by_email(email).await?.ok_or(absent.clone())?;
    let found = work.unit().users().find_locked(found.state().id).await?.ok_or(absent)?;
    if found.state().email == *email { Ok(found) } else { Err(AppError::Stale) }
}

/// Refuses where an organization would be left without an owner who has access. Those that they are in are locked until
/// the commit.
async fn ensure_owners_stay(
    work: &mut Work<'_>,
    user: UserId,
    organizations: &[OrganizationId],
) -> Result<(), AppError> {
    let mut ownerless = Vec::new();
    for &organization in organizations {
        work.unit().enter(organization).await?;
        let owners = work.unit().members().count_owners().await?;
        let member = work.unit().members().find(user).await?;
        let role = member.and_then(|it| it.state().active_role());
        if role == Some(OrganizationRole::Owner) && owners <= 1 {
            let organization = work.unit().organizations().current().await?;
            ownerless.extend(organization.map(|it| it.state().name.to_string()));
        }
    }
    if ownerless.is_empty() { Ok(()) } else { Err(AppError::OnlyOwner { organizations: ownerless }) }
}

/// Stores what became of a user. Each of their organizations hears of it.
async fn store(work: &mut Work<'_>, user: User, organizations: &[OrganizationId]) -> Result<(), AppError> {
    let told = user.clone().into_parts().1;
    if let Some((last, others)) = organizations.split_last() {
        for &organization in others {
            work.unit().enter(organization).await?;
            work.unit().events().record(told.clone()).await?;
        }
        work.unit().enter(*last).await?;
    }
    work.unit().users().save(user).await?;
    Ok(())
}
