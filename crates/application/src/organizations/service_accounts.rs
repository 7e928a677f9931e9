//! Users that are programs. They belong to one organization, sign in with tokens only, and go when it lets them go.

use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, Scope};
use tenon_domain::identity::{DisplayName, User, UserKind, UserState};
use tenon_domain::organizations::{HeldRole, Member, MemberState, MemberStatus, OrganizationError, RoleChoice};
use tenon_domain::{Timestamp, UserId, Version};

use super::{RemoveMember, choose, ensure_covers, give_role};
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// A service account as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccountView {
    pub id: UserId,
    pub name: String,
    pub role: OrganizationRole,
    pub custom_role: Option<HeldRole>,
    /// Since when it has no access.
    pub suspended_at: Option<Timestamp>,
    /// See [`version_of`](Self::version_of).
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ServiceAccountView {
    pub fn new(member: MemberState, user: &UserState) -> Self {
        Self {
            id: user.id,
            name: user.display_name.to_string(),
            role: member.role,
            version: Self::version_of(member.version, user.version),
            custom_role: member.custom_role,
            suspended_at: member.suspended_at,
            created_at: member.joined_at,
            updated_at: member.updated_at.max(user.updated_at),
        }
    }

    /// It is a membership and a user, which belong to each other alone: both only rise, and so does what they make together.
    pub const fn version_of(member: Version, user: Version) -> Version {
        member + user - 1
    }

    pub fn status(&self) -> MemberStatus {
        MemberStatus::of(self.suspended_at, None)
    }
}

/// Makes a service account. As a member of the organization it can be given roles and work like any other.
#[derive(Clone, Debug)]
pub struct CreateServiceAccount {
    pub name: DisplayName,
    pub role: RoleChoice,
}

#[async_trait]
impl Command for CreateServiceAccount {
    type Output = ServiceAccountView;
    const NAME: &'static str = "service_account.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ServiceAccountView, AppError> {
        let viewer = work.require(Permission::ManageMembers).await?;
        let role = choose(work, self.role).await?;
        let access = role.access();
        permit_service_role(work, access).await?;
        let (id, now): (UserId, _) = (work.next_id(), work.now());
        let user = work.unit().users().save(User::service(id, self.name.clone(), now)).await?;
        let member = Member::join(id, self.name.to_string(), role, None, now);
        let member = work.unit().members().save(member).await?;
        let organization = viewer.organization;
        work.after_commit(Effect::RoleChanged { organization, user: id, role: Some(access) });
        Ok(ServiceAccountView::new(member, &user))
    }
}

/// Gives a service account another name or another role, as far as the actor may: as with any other member.
#[derive(Clone, Debug)]
pub struct EditServiceAccount {
    pub account: UserId,
    pub name: Option<DisplayName>,
    pub role: Option<RoleChoice>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditServiceAccount {
    type Output = ServiceAccountView;
    const NAME: &'static str = "service_account.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<ServiceAccountView, AppError> {
        work.require(Permission::ManageMembers).await?;
        let (member, mut user) = find_service_account(work, self.account).await?;
        check_account_version(self.expected_version, &member, &user)?;
        if let Some(name) = self.name.clone() {
            ensure_covers(work, member.state().access().reach())?;
            user.rename(name, work.now());
        }
        let user = work.unit().users().save(user).await?;
        let member = match self.role {
            Some(choice) => give_role(work, member, user.kind, choice).await?,
            None => member.into_parts().0,
        };
        Ok(ServiceAccountView::new(member, &user))
    }
}

/// Takes a service account out of the organization, with its tokens. What it did stays, under its name.
#[derive(Clone, Copy, Debug)]
pub struct DeleteServiceAccount {
    pub account: UserId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for DeleteServiceAccount {
    type Output = ();
    const NAME: &'static str = "service_account.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageMembers).await?;
        let (member, user) = find_service_account(work, self.account).await?;
        check_account_version(self.expected_version, &member, &user)?;
        RemoveMember { user: self.account, expected_version: None }.handle(work).await
    }
}

/// The service accounts of the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListServiceAccounts {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListServiceAccounts {
    type Output = Page<ServiceAccountView>;
    const NAME: &'static str = "service_account.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<ServiceAccountView>, AppError> {
        let viewer = reader.require(Permission::ManageMembers)?;
        Ok(reader.queries().organizations.service_accounts(viewer, &self.page).await?)
    }
}

/// One service account of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindServiceAccount {
    pub account: UserId,
}

#[async_trait]
impl Query for FindServiceAccount {
    type Output = ServiceAccountView;
    const NAME: &'static str = "service_account.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<ServiceAccountView, AppError> {
        let viewer = reader.require(Permission::ManageMembers)?;
        let found = reader.queries().organizations.service_account(viewer, self.account).await?;
        found.ok_or(AppError::NotFound("service_account"))
    }
}

/// A service account of the organization: its membership, and its user.
pub(crate) async fn find_service_account(work: &mut Work<'_>, account: UserId) -> Result<(Member, User), AppError> {
    let member = work.unit().members().find(account).await?;
    let user = work.unit().users().find(account).await?;
    let user = user.filter(|user| user.state().kind == UserKind::Service);
    member.zip(user).ok_or(AppError::NotFound("service_account"))
}

fn check_account_version(expected: Option<Version>, member: &Member, user: &User) -> Result<(), AppError> {
    check_version(expected, ServiceAccountView::version_of(member.state().version, user.state().version))
}

/// Refuses a role that the actor may not give a program, which may do all that the role allows from then on: more than
/// members may only by the will of owners. Organizations are owned by people.
pub(crate) async fn permit_service_role(work: &mut Work<'_>, access: OrganizationAccess) -> Result<(), AppError> {
    if access.role == OrganizationRole::Owner {
        return Err(OrganizationError::ServiceAccountOwner.into());
    }
    ensure_covers(work, access.reach())?;
    let member = OrganizationAccess::from(OrganizationRole::Member);
    if member.lacks(access.reach()).is_some() {
        work.require(Permission::ManageOwners).await?;
    }
    Ok(())
}
