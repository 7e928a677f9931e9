use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, Permission, Scope};
use tenon_domain::identity::Email;
use tenon_domain::organizations::{Invitation, InvitationStatus, OrganizationError, RoleChoice};
use tenon_domain::{InvitationId, Version};

use super::{InvitationView, choose, ensure_covers, held_role};
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Invites an address into the organization.
#[derive(Clone, Debug)]
pub struct CreateInvitation {
    pub email: Email,
    pub role: RoleChoice,
}

#[async_trait]
impl Command for CreateInvitation {
    type Output = InvitationView;
    const NAME: &'static str = "invitation.create";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<InvitationView, AppError> {
        let viewer = work.require(Permission::ManageInvitations).await?;
        let role = choose(work, self.role).await?;
        if work.unit().members().has_address(&self.email).await? {
            return Err(OrganizationError::AlreadyMember.into());
        }
        let now = work.now();
        if work.unit().invitations().pending_for(&self.email, now).await? {
            return Err(OrganizationError::AlreadyInvited.into());
        }
        let custom_role = role.custom.clone();
        let invitation = Invitation::create(work.next_id(), self.email.clone(), role, viewer.user, now);
        let state = work.unit().invitations().save(invitation).await?;
        Ok(InvitationView::new(state, custom_role, now))
    }
}

/// Makes a pending invitation's token worthless.
#[derive(Clone, Debug)]
pub struct RevokeInvitation {
    pub invitation: InvitationId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RevokeInvitation {
    type Output = ();
    const NAME: &'static str = "invitation.revoke";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageInvitations).await?;
        let invitation = work.unit().invitations().find(self.invitation).await?;
        let mut invitation = invitation.ok_or(AppError::NotFound("invitation"))?;
        let access = access_of(work, &invitation).await?;
        ensure_covers(work, access.reach())?;
        check_version(self.expected_version, invitation.state().version())?;
        invitation.revoke(work.now())?;
        work.unit().invitations().save(invitation).await?;
        Ok(())
    }
}

/// What it would let somebody do. A custom role that is gone counts as its base.
async fn access_of(work: &mut Work<'_>, invitation: &Invitation) -> Result<OrganizationAccess, AppError> {
    let state = invitation.state();
    let held = match state.custom_role {
        Some(custom) => held_role(work, custom).await?,
        None => None,
    };
    Ok(held.map_or(state.role.into(), |role| role.access()))
}

/// One invitation of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindInvitation {
    pub invitation: InvitationId,
}

#[async_trait]
impl Query for FindInvitation {
    type Output = InvitationView;
    const NAME: &'static str = "invitation.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<InvitationView, AppError> {
        let viewer = reader.require(Permission::ManageInvitations)?;
        let invitation = reader.queries().organizations.invitation(viewer, self.invitation, reader.now()).await?;
        invitation.ok_or(AppError::NotFound("invitation"))
    }
}

/// The invitations of the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListInvitations {
    /// Only those in one of these states, if there are any.
    pub statuses: Vec<InvitationStatus>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListInvitations {
    type Output = Page<InvitationView>;
    const NAME: &'static str = "invitation.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::MembersRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<InvitationView>, AppError> {
        let viewer = reader.require(Permission::ManageInvitations)?;
        Ok(reader.queries().organizations.invitations(viewer, &self.statuses, reader.now(), &self.page).await?)
    }
}
