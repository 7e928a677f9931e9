use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{DomainName, OrganizationDomain, OrganizationDomainState};
use tenon_domain::{DomainId, OrganizationId, Timestamp, UserId};

use super::{DomainView, JoinableOrganizationView};
use crate::actor::Viewer;
use crate::error::AppError;
use crate::identity::AddressDigest;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Claimed domains in a unit of work, bound to its organization.
#[async_trait]
pub trait DomainRepository: Send {
    async fn find(&mut self, id: DomainId) -> Result<Option<OrganizationDomain>, StoreError>;
    /// Writes the row, checks its version and stores the events; also what no event tells of. Claiming a domain twice, and
    /// verifying one that another organization has verified, is [`StoreError::Duplicate`].
    async fn save(&mut self, domain: OrganizationDomain) -> Result<OrganizationDomainState, StoreError>;
    /// Deletes the row and stores the events.
    async fn remove(&mut self, domain: OrganizationDomain) -> Result<(), StoreError>;
    /// How many the organization has claimed.
    async fn count(&mut self) -> Result<u64, StoreError>;
    /// Whether the organization of the unit of work has proved that the domain is its own.
    async fn is_verified(&mut self, domain: &DomainName) -> Result<bool, StoreError>;
    /// The organizations that proved this domain and let its addresses join, with the role they give. Across tenants, also
    /// after one was entered.
    async fn open_to(&mut self, domain: &DomainName) -> Result<Vec<(OrganizationId, OrganizationRole)>, StoreError>;
}

/// The read side of domains.
#[async_trait]
pub trait DomainQueries: Send + Sync {
    /// Those of the viewer's organization, newest first.
    async fn list(&self, viewer: Viewer, page: &PageRequest<Unsorted>) -> Result<Page<DomainView>, StoreError>;
    async fn find(&self, viewer: Viewer, id: DomainId) -> Result<Option<DomainView>, StoreError>;
    /// The organizations that let this domain's addresses join, but for those that the user belongs to or was removed
    /// from, and those that keep their address out. Across tenants.
    async fn joinable(
        &self,
        user: UserId,
        domain: &DomainName,
        address: &AddressDigest,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<JoinableOrganizationView>, StoreError>;
}

/// A verified domain that has not been looked at for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDomain {
    pub organization: OrganizationId,
    pub id: DomainId,
    pub record_name: String,
    pub record_value: String,
}

/// All verified domains, across tenants.
#[async_trait]
pub trait DomainArchive: Send + Sync {
    /// Those whose record was looked for before then last, the longest ago first.
    async fn due(&self, checked_before: Timestamp, limit: u64) -> Result<Vec<DueDomain>, StoreError>;
}

/// Nobody could tell what records there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("DNS: {0}")]
pub struct LookupError(pub String);

impl From<LookupError> for AppError {
    fn from(error: LookupError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// DNS: the TXT records of a name.
#[async_trait]
pub trait TxtRecords: Send + Sync {
    /// What they say; nothing for a name without any, and for one that does not exist.
    async fn lookup(&self, name: &str) -> Result<Vec<String>, LookupError>;
}
