use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission, Scope};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::{Member, MemberRole, MemberState, RoleChoice};
use tenon_domain::{UserId, Version};

use super::{MemberFilter, MemberView, choose, ensure_covers, permit_service_role};
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
        work.require(Permission::ManageMembers).await?;
        let member = work.unit().members().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        check_version(self.expected_version, member.state().version)?;
        let user = work.unit().users().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        let state = match self.role {
            Some(choice) => give_role(work, member, user.state().kind, choice).await?,
            None => member.into_parts().0,
        };
        Ok(MemberView::new(state, user.state()))
    }
}

/// Gives a member this role, as far as the actor may: a person or a program.
pub(crate) async fn give_role(
    work: &mut Work<'_>,
    mut member: Member,
    kind: UserKind,
    choice: RoleChoice,
) -> Result<MemberState, AppError> {
    let before = member.state().version;
    ensure_covers(work, member.state().access().reach())?;
    let role = choose(work, choice).await?;
    if kind == UserKind::Service {
        permit_service_role(work, role.access()).await?;
    }
    change_role(work, &mut member, role).await?;
    let state = work.unit().members().save(member).await?;
    // What was only read may have changed since then, and is not to be told to anybody.
    if state.version != before {
        let (organization, user, role) = (work.viewer()?.organization, state.user_id, state.active_access());
        work.after_commit(Effect::RoleChanged { organization, user, role });
    }
    Ok(state)
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
            work.require(Permission::ManageMembers).await?;
        }
        let mut member = work.unit().members().find(self.user).await?.ok_or(AppError::NotFound("member"))?;
        if viewer.user != self.user {
            ensure_covers(work, member.state().access().reach())?;
        }
        check_version(self.expected_version, member.state().version)?;
        let owners = work.unit().members().count_owners().await?;
        member.remove(owners)?;
        let (heir, now) = (heir_of(work, self.user).await?, work.now());
        work.unit().projects().release_user(self.user, heir, now).await?;
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
}

/// Has a member be something else. What they alone managed passes on when they become a guest: guests manage nothing.
pub(crate) async fn change_role(work: &mut Work<'_>, member: &mut Member, role: MemberRole) -> Result<(), AppError> {
    let owners = work.unit().members().count_owners().await?;
    let becomes_guest = role.base == OrganizationRole::Guest && member.state().role != OrganizationRole::Guest;
    let (user, now) = (member.state().user_id, work.now());
    member.change_role(role, owners, now)?;
    if becomes_guest {
        let heir = heir_of(work, user).await?;
        work.unit().projects().hand_on(user, heir, now).await?;
    }
    Ok(())
}

/// To whom that passes which a member alone managed: to the actor, if they are owner or admin, and to an owner otherwise.
/// Managing members by a custom role, one does not get into private projects; and programs do not count as managers.
async fn heir_of(work: &mut Work<'_>, user: UserId) -> Result<UserId, AppError> {
    if let Ok(actor) = work.viewer()
        && matches!(actor.role, OrganizationRole::Owner | OrganizationRole::Admin)
        && actor.user != user
        && work.unit().users().find(actor.user).await?.is_some_and(|it| it.state().kind == UserKind::Person)
    {
        return Ok(actor.user);
    }
    work.unit().members().other_owner(user).await?.ok_or(AppError::NotFound("member"))
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

/// One member of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindMember {
    pub user: UserId,
}

#[async_trait]
impl Query for FindMember {
    type Output = MemberView;
    const NAME: &'static str = "member.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<MemberView, AppError> {
        let viewer = reader.require(Permission::ViewMembers)?;
        let found = reader.queries().organizations.member(viewer, self.user).await?;
        found.ok_or(AppError::NotFound("member"))
    }
}
