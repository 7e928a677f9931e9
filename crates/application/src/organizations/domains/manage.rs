use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, Scope};
use tenon_domain::{DomainId, Version};

use super::DomainView;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::organizations::ensure_covers;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Lets everybody join who has a verified address at a domain of the organization, or no longer does. Nobody lets others
/// have more than they have.
#[derive(Clone, Debug)]
pub struct EditDomain {
    pub domain: DomainId,
    /// `None` leaves it as it is, `Some(None)` lets nobody join.
    pub auto_join_role: Option<Option<OrganizationRole>>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditDomain {
    type Output = DomainView;
    const NAME: &'static str = "domain.update";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<DomainView, AppError> {
        work.require(Permission::ManageDomains).await?;
        let mut domain = work.unit().domains().find(self.domain).await?.ok_or(AppError::NotFound("domain"))?;
        check_version(self.expected_version, domain.state().version)?;
        let before = domain.state().clone();
        if let Some(role) = self.auto_join_role {
            domain.open(role, work.now())?;
            if let Some(role) = role {
                ensure_covers(work, OrganizationAccess::from(role).reach())?;
            }
        }
        if *domain.state() == before {
            return Ok(before.into());
        }
        Ok(work.unit().domains().save(domain).await?.into())
    }
}

/// Lets go of a domain. Who has joined by it stays.
#[derive(Clone, Debug)]
pub struct RemoveDomain {
    pub domain: DomainId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RemoveDomain {
    type Output = ();
    const NAME: &'static str = "domain.remove";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageDomains).await?;
        let mut domain = work.unit().domains().find(self.domain).await?.ok_or(AppError::NotFound("domain"))?;
        check_version(self.expected_version, domain.state().version)?;
        domain.remove();
        work.unit().domains().remove(domain).await?;
        Ok(())
    }
}

/// One domain of the organization.
#[derive(Clone, Copy, Debug)]
pub struct FindDomain {
    pub domain: DomainId,
}

#[async_trait]
impl Query for FindDomain {
    type Output = DomainView;
    const NAME: &'static str = "domain.find";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<DomainView, AppError> {
        let viewer = reader.require(Permission::ManageDomains)?;
        reader.queries().domains.find(viewer, self.domain).await?.ok_or(AppError::NotFound("domain"))
    }
}

/// The domains of the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListDomains {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListDomains {
    type Output = Page<DomainView>;
    const NAME: &'static str = "domain.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<DomainView>, AppError> {
        let viewer = reader.require(Permission::ManageDomains)?;
        Ok(reader.queries().domains.list(viewer, &self.page).await?)
    }
}
