//! Users that are programs. They belong to one organization, sign in with tokens only, and go when it lets them go.

use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, Scope};
use tenon_domain::identity::{DisplayName, User, UserKind};
use tenon_domain::organizations::{HeldRole, Member, OrganizationError};
use tenon_domain::{Timestamp, UserId};

use super::{RemoveMember, RoleChoice, choose, ensure_covers};
use crate::command::{Command, Effect, Work};
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
    pub created_at: Timestamp,
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
        let viewer = work.require(Permission::ManageMembers)?;
        // Locks the organization before a role, as everybody does who needs both: a member is about to be added to it.
        work.unit().members().count_owners().await?;
        let role = choose(work, self.role).await?;
        let access = role.access();
        permit_service_role(work, access)?;
        let (id, now): (UserId, _) = (work.next_id(), work.now());
        work.unit().users().save(User::service(id, self.name.clone(), now)).await?;
        let member = Member::join(id, self.name.to_string(), role.clone(), None, now);
        work.unit().members().save(member).await?;
        let organization = viewer.organization;
        work.after_commit(Effect::RoleChanged { organization, user: id, role: Some(access) });
        let (name, custom_role) = (self.name.to_string(), role.custom);
        Ok(ServiceAccountView { id, name, role: role.base, custom_role, created_at: now })
    }
}

/// Takes a service account out of the organization, with its tokens. What it did stays, under its name.
#[derive(Clone, Copy, Debug)]
pub struct DeleteServiceAccount {
    pub account: UserId,
}

#[async_trait]
impl Command for DeleteServiceAccount {
    type Output = ();
    const NAME: &'static str = "service_account.delete";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageMembers)?;
        find_service_account(work, self.account).await?;
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

/// The membership of a service account of the organization.
pub(crate) async fn find_service_account(work: &mut Work<'_>, account: UserId) -> Result<Member, AppError> {
    let member = work.unit().members().find(account).await?;
    let user = work.unit().users().find(account).await?;
    let is_service = user.is_some_and(|user| user.state().kind == UserKind::Service);
    member.filter(|_| is_service).ok_or(AppError::NotFound("service_account"))
}

/// Refuses a role that the actor may not give a program, which may do all that the role allows from then on: more than
/// members may only by the will of owners. Organizations are owned by people.
pub(crate) fn permit_service_role(work: &Work<'_>, access: OrganizationAccess) -> Result<(), AppError> {
    if access.role == OrganizationRole::Owner {
        return Err(OrganizationError::ServiceAccountOwner.into());
    }
    ensure_covers(work, access.reach())?;
    let member = OrganizationAccess::from(OrganizationRole::Member);
    if member.lacks(access.reach()).is_some() {
        work.require(Permission::ManageOwners)?;
    }
    Ok(())
}
