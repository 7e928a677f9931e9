use async_trait::async_trait;
use tenon_domain::access::{self, OrganizationAccess, OrganizationRole, Permission};
use tenon_domain::organizations::{Member, Organization, OrganizationError, OrganizationName, OrganizationState};
use tenon_domain::{OrganizationId, UserId, Version};

use super::{OrganizationView, member_role};
use crate::actor::Actor;
use crate::command::{Command, Effect, Tenancy, Work, check_version};
use crate::error::AppError;
use crate::identity::has_second_factor;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Founds an organization, with the actor as its owner.
#[derive(Clone, Debug)]
pub struct CreateOrganization {
    pub name: OrganizationName,
}

#[async_trait]
impl Command for CreateOrganization {
    type Output = OrganizationView;
    const NAME: &'static str = "organization.create";
    const ACCESS: TokenAccess = TokenAccess::Session;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<OrganizationView, AppError> {
        let founder = work.viewer()?.user;
        // Who deletes their account at the same time, or is deactivated, is no owner of this one.
        let name = match work.unit().users().find_locked(founder).await? {
            Some(user) if user.state().is_deactivated() => return Err(AppError::Deactivated),
            Some(user) => user.state().display_name.to_string(),
            None => return Err(AppError::NotFound("user")),
        };
        let organization = create_organization(work, self.name.clone()).await?;
        appoint_founder(work, organization, founder, name).await
    }
}

/// Stores a new organization and binds the unit of work to it.
pub(crate) async fn create_organization(
    work: &mut Work<'_>,
    name: OrganizationName,
) -> Result<OrganizationState, AppError> {
    if work.tenancy() == Tenancy::Single && work.unit().organizations().any_exists().await? {
        return Err(OrganizationError::SingleTenancy.into());
    }
    let organization = Organization::create(work.next_id(), name, work.now());
    Ok(work.unit().organizations().save(organization).await?)
}

/// Makes a user the first owner of a new organization.
pub(crate) async fn appoint_founder(
    work: &mut Work<'_>,
    organization: OrganizationState,
    founder: UserId,
    founder_name: String,
) -> Result<OrganizationView, AppError> {
    let owner = Member::join(founder, founder_name, OrganizationRole::Owner, None, work.now());
    work.unit().members().save(owner).await?;
    Ok(OrganizationView::new(organization, OrganizationRole::Owner))
}

/// The organization that the unit of work is in, as a member with this access sees it.
pub(crate) async fn seen_with(
    work: &mut Work<'_>,
    access: OrganizationAccess,
) -> Result<Option<OrganizationView>, AppError> {
    let Some(organization) = work.unit().organizations().current().await? else { return Ok(None) };
    let role = member_role(work, access).await?;
    Ok(Some(OrganizationView::new(organization.state().clone(), role)))
}

/// Changes the organization's name and what it requires of its members.
#[derive(Clone, Debug)]
pub struct EditOrganization {
    pub name: Option<OrganizationName>,
    pub require_mfa: Option<bool>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditOrganization {
    type Output = OrganizationView;
    const NAME: &'static str = "organization.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(access::Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<OrganizationView, AppError> {
        let viewer = work.require(Permission::EditOrganization).await?;
        let organization = work.unit().organizations().current().await?;
        let mut organization = organization.ok_or(AppError::NotFound("organization"))?;
        check_version(self.expected_version, organization.state().version)?;
        if let Some(name) = self.name.clone() {
            organization.rename(name, work.now());
        }
        if let Some(required) = self.require_mfa {
            // Whoever finds a token must not open the organization to those who have only guessed a password.
            work.actor().session()?;
            if required && !organization.state().require_mfa {
                require_own_mfa(work, viewer.user).await?;
            }
            organization.require_mfa(required, work.now());
            work.after_commit(Effect::MfaRequirementChanged { organization: viewer.organization });
        }
        let state = work.unit().organizations().save(organization).await?;
        Ok(OrganizationView::new(state, member_role(work, viewer.access()).await?))
    }
}

/// Who asks it of others has it themselves, so that nobody locks themselves out.
async fn require_own_mfa(work: &mut Work<'_>, user: UserId) -> Result<(), AppError> {
    if has_second_factor(work, user).await? { Ok(()) } else { Err(OrganizationError::RequiresOwnMfa.into()) }
}

/// The organization the actor is in.
#[derive(Clone, Copy, Debug)]
pub struct FindOrganization;

#[async_trait]
impl Query for FindOrganization {
    type Output = OrganizationView;
    const NAME: &'static str = "organization.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(access::Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<OrganizationView, AppError> {
        let viewer = reader.require(Permission::ViewOrganization)?;
        reader.queries().organizations.find(viewer).await?.ok_or(AppError::NotFound("organization"))
    }
}

/// One of the organizations that the actor belongs to, whichever they are in.
#[derive(Clone, Copy, Debug)]
pub struct FindOwnOrganization {
    pub organization: OrganizationId,
}

#[async_trait]
impl Query for FindOwnOrganization {
    type Output = OrganizationView;
    const NAME: &'static str = "organization.find_own";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<OrganizationView, AppError> {
        let user = reader.viewer()?.user;
        let found = reader.queries().organizations.find_of(user, self.organization).await?;
        found.ok_or(AppError::NotFound("organization"))
    }
}

/// All organizations the actor belongs to.
#[derive(Clone, Debug)]
pub struct ListOrganizations {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListOrganizations {
    type Output = Page<OrganizationView>;
    const NAME: &'static str = "organization.list";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<OrganizationView>, AppError> {
        Ok(reader.queries().organizations.list(reader.viewer()?.user, &self.page).await?)
    }
}
