//! Members whose access is taken away for a while. What they had stays as it is, and waits for them.

use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::organizations::{Member, OrganizationError};
use tenon_domain::{UserId, Version};

use super::{MemberView, ensure_covers};
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Takes a member's access to the organization away, at once and on every instance.
#[derive(Clone, Copy, Debug)]
pub struct SuspendMember {
    pub user: UserId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for SuspendMember {
    type Output = MemberView;
    const NAME: &'static str = "member.suspend";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<MemberView, AppError> {
        let mut member = find_managed(work, self.user, self.expected_version).await?;
        if work.viewer()?.user == self.user {
            return Err(OrganizationError::OwnSuspension.into());
        }
        let owners = work.unit().members().count_owners().await?;
        member.suspend(owners, work.now())?;
        store(work, member).await
    }
}

/// Gives a suspended member their access back, as it was.
#[derive(Clone, Copy, Debug)]
pub struct UnsuspendMember {
    pub user: UserId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for UnsuspendMember {
    type Output = MemberView;
    const NAME: &'static str = "member.unsuspend";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<MemberView, AppError> {
        let mut member = find_managed(work, self.user, self.expected_version).await?;
        member.unsuspend(work.now())?;
        store(work, member).await
    }
}

/// A member, if the actor may take and give their access: they may do at least what the member may, suspended or not.
async fn find_managed(
    work: &mut Work<'_>,
    user: UserId,
    expected_version: Option<Version>,
) -> Result<Member, AppError> {
    work.require(Permission::ManageMembers).await?;
    let member = work.unit().members().find(user).await?.ok_or(AppError::NotFound("member"))?;
    ensure_covers(work, member.state().access().reach())?;
    check_version(expected_version, member.state().version)?;
    Ok(member)
}

async fn store(work: &mut Work<'_>, member: Member) -> Result<MemberView, AppError> {
    let organization = work.viewer()?.organization;
    let state = work.unit().members().save(member).await?;
    let user = work.unit().users().find(state.user_id).await?.ok_or(AppError::NotFound("member"))?;
    work.after_commit(Effect::RoleChanged { organization, user: state.user_id, role: state.active_access() });
    Ok(MemberView::new(state, user.state()))
}
