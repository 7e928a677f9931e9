use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission, Scope};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::Member;
use tenon_domain::{UserId, Version};

use super::{MemberFilter, MemberView, RoleChoice, choose, ensure_covers, permit_service_role};
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::identity::revoke_all_tokens;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Gives a member another role. For that one has to be at least what they are, and what they are to be.
#[derive(Clone, Debug)]
pub struct ChangeMemberRole {
    pub user: UserId,
    pub role: Option<RoleChoice>,
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
        let before = member.state().version;
        check_version(self.expected_version, before)?;
        let user = work.unit().users().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        if let Some(choice) = self.role {
            ensure_covers(work, member.state().access().reach())?;
            let owners = work.unit().members().count_owners().await?;
            let role = choose(work, choice).await?;
            if user.state().kind == UserKind::Service {
                permit_service_role(work, role.access())?;
            }
            member.change_role(role, owners, work.now())?;
        }
        let state = work.unit().members().save(member).await?;
        // What was only read may have changed since then, and is not to be told to anybody.
        if state.version != before {
            let (organization, role) = (viewer.organization, state.active_access());
            work.after_commit(Effect::RoleChanged { organization, user: self.user, role });
        }
        Ok(MemberView::new(state, user.state().email.to_string()))
    }
}

/// Takes a member out of the organization, with all their roles and assignments in it. Everybody may leave. Who is
/// removed by somebody else does not come back by themselves.
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
        if viewer.user != self.user {
            ensure_covers(work, member.state().access().reach())?;
        }
        check_version(self.expected_version, member.state().version)?;
        let owners = work.unit().members().count_owners().await?;
        member.remove(owners)?;
        self.hand_over(work, &member).await?;
        work.unit().members().remove(member).await?;
        if viewer.user != self.user {
            self.exclude(work).await?;
        }
        revoke_all_tokens(work, self.user).await?;
        work.after_commit(Effect::RoleChanged { organization: viewer.organization, user: self.user, role: None });
        Ok(())
    }
}

impl RemoveMember {
    /// A program joins nothing by itself, so it needs not be kept from it.
    async fn exclude(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let user = work.unit().users().find(self.user).await?;
        if user.is_some_and(|it| it.state().kind == UserKind::Person) {
            let now = work.now();
            work.unit().members().exclude(self.user, now).await?;
        }
        Ok(())
    }

    /// What the member alone managed passes to whoever removes them, if they are owner or admin, and to an owner
    /// otherwise: managing members by a custom role, one does not get into private projects.
    async fn hand_over(&self, work: &mut Work<'_>, member: &Member) -> Result<(), AppError> {
        let (remover, leaver) = (work.viewer()?, member.state().user_id);
        let inherits = matches!(remover.role, OrganizationRole::Owner | OrganizationRole::Admin);
        let heir = if inherits && remover.user != leaver {
            remover.user
        } else {
            work.unit().members().other_owner(leaver).await?.ok_or(AppError::NotFound("member"))?
        };
        let now = work.now();
        work.unit().projects().release_user(self.user, heir, now).await?;
        Ok(())
    }
}

/// The members of the organization.
#[derive(Clone, Debug)]
pub struct ListMembers {
    pub filter: MemberFilter,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListMembers {
    type Output = Page<MemberView>;
    const NAME: &'static str = "member.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<MemberView>, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        Ok(reader.queries().organizations.members(viewer, &self.filter, &self.page).await?)
    }
}
