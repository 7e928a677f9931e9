use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission, Scope};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::Member;
use tenon_domain::{UserId, Version};

use super::{MemberView, permit_service_role};
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::identity::revoke_all_tokens;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Gives a member another role.
#[derive(Clone, Debug)]
pub struct ChangeMemberRole {
    pub user: UserId,
    pub role: Option<OrganizationRole>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for ChangeMemberRole {
    type Output = MemberView;
    const NAME: &'static str = "member.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<MemberView, AppError> {
        let viewer = work.require(Permission::ManageMembers)?;
        let mut member = work.unit().members().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        check_version(self.expected_version, member.state().version)?;
        let user = work.unit().users().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        if let Some(role) = self.role {
            if role == OrganizationRole::Owner || member.state().role == OrganizationRole::Owner {
                work.require(Permission::ManageOwners)?;
            }
            if user.state().kind == UserKind::Service {
                permit_service_role(work, role)?;
            }
            let owners = work.unit().members().count_owners().await?;
            member.change_role(role, owners, work.now())?;
        }
        let state = work.unit().members().save(member).await?;
        work.after_commit(Effect::RoleChanged {
            organization: viewer.organization,
            user: self.user,
            role: Some(state.role),
        });
        Ok(MemberView {
            user_id: state.user_id,
            email: user.state().email.to_string(),
            display_name: state.display_name,
            role: state.role,
            version: state.version,
            joined_at: state.joined_at,
        })
    }
}

/// Takes a member out of the organization, with all their roles and assignments in it. Everybody may leave.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    pub user: UserId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RemoveMember {
    type Output = ();
    const NAME: &'static str = "member.remove";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let viewer = work.viewer()?;
        if viewer.user != self.user {
            work.require(Permission::ManageMembers)?;
        }
        let mut member = work.unit().members().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        if viewer.user != self.user && member.state().role == OrganizationRole::Owner {
            work.require(Permission::ManageOwners)?;
        }
        check_version(self.expected_version, member.state().version)?;
        let owners = work.unit().members().count_owners().await?;
        member.remove(owners)?;
        self.hand_over(work, &member).await?;
        work.unit().members().remove(member).await?;
        revoke_all_tokens(work, self.user).await?;
        work.after_commit(Effect::RoleChanged { organization: viewer.organization, user: self.user, role: None });
        Ok(())
    }
}

impl RemoveMember {
    /// What the member alone managed passes to whoever removes them, or, when they leave, to an owner.
    async fn hand_over(&self, work: &mut Work<'_>, member: &Member) -> Result<(), AppError> {
        let remover = work.viewer()?.user;
        let heir = if remover == member.state().user_id {
            work.unit().members().other_owner(remover).await?.ok_or(AppError::NotFound("member"))?
        } else {
            remover
        };
        let now = work.now();
        work.unit().projects().release_user(self.user, heir, now).await?;
        Ok(())
    }
}

/// The members of the organization.
#[derive(Clone, Debug)]
pub struct ListMembers {
    /// Only members with one of these roles; all when empty.
    pub roles: Vec<OrganizationRole>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListMembers {
    type Output = Page<MemberView>;
    const NAME: &'static str = "member.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<MemberView>, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        Ok(reader.queries().organizations.members(viewer, &self.roles, &self.page).await?)
    }
}
