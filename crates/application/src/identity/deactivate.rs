use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, User};
use tenon_domain::organizations::Member;
use tenon_domain::{OrganizationId, UserId};

use super::own_sessions::end_sessions;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// In how many organizations something was done, and how many sessions have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deactivation {
    pub organizations: usize,
    pub sessions: usize,
}

/// Bars a person from all organizations that they belong to, for the operator: suspends them in each, and ends their
/// sessions.
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
        let (user, now) = (find_person(work, &self.email).await?, work.now());
        let sessions = work.unit().sessions().live_of(user).await?;
        let (mut organizations, mut ownerless) = (0, Vec::new());
        for organization in work.unit().members().organizations_of(user).await? {
            let Some(mut member) = membership(work, organization, user).await? else { continue };
            if !member.state().is_active() {
                continue;
            }
            let owners = work.unit().members().count_owners().await?;
            if member.state().active_role() == Some(OrganizationRole::Owner) && owners <= 1 {
                let organization = work.unit().organizations().current().await?;
                ownerless.extend(organization.map(|it| it.state().name.to_string()));
                continue;
            }
            member.suspend(owners, now)?;
            store(work, organization, member).await?;
            organizations += 1;
        }
        if !ownerless.is_empty() {
            return Err(AppError::OnlyOwner { organizations: ownerless });
        }
        let ended = sessions.len();
        end_sessions(work, sessions).await?;
        Ok(Deactivation { organizations, sessions: ended })
    }
}

/// Takes the last deactivation of a person back: who was suspended before it, by an organization, stays so there.
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
        let (user, now) = (find_person(work, &self.email).await?, work.now());
        let mut suspended = Vec::new();
        for organization in work.unit().members().organizations_of(user).await? {
            let member = membership(work, organization, user).await?;
            suspended.extend(member.and_then(|it| Some((organization, it.state().suspended_at?))));
        }
        // One moment for all organizations: that of the transaction.
        let last = suspended.iter().map(|(_, since)| *since).max();
        suspended.retain(|(_, since)| Some(*since) == last);
        for (organization, _) in &suspended {
            if let Some(mut member) = membership(work, *organization, user).await? {
                member.unsuspend(now)?;
                store(work, *organization, member).await?;
            }
        }
        Ok(Deactivation { organizations: suspended.len(), sessions: 0 })
    }
}

async fn find_person(work: &mut Work<'_>, email: &Email) -> Result<UserId, AppError> {
    let user = work.unit().users().find_by_email(email).await?;
    user.as_ref().map(User::state).map(|it| it.id).ok_or(AppError::NotFound("user"))
}

/// The person as a member of the organization, which the unit of work is in afterwards.
async fn membership(
    work: &mut Work<'_>,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Member>, AppError> {
    work.unit().enter(organization).await?;
    Ok(work.unit().members().find(user).await?)
}

async fn store(work: &mut Work<'_>, organization: OrganizationId, member: Member) -> Result<(), AppError> {
    let state = work.unit().members().save(member).await?;
    work.after_commit(Effect::RoleChanged { organization, user: state.user_id, role: state.active_access() });
    Ok(())
}
