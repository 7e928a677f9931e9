use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{DomainStatus, OrganizationDomainState};
use tenon_domain::{DomainId, OrganizationId, Timestamp, Version};

/// A claimed domain as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainView {
    pub id: DomainId,
    pub domain: String,
    /// The name of the TXT record that proves it.
    pub record_name: String,
    /// What the record has to say.
    pub record_value: String,
    pub verified_at: Option<Timestamp>,
    pub auto_join_role: Option<OrganizationRole>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl DomainView {
    pub fn status(&self) -> DomainStatus {
        if self.verified_at.is_some() { DomainStatus::Verified } else { DomainStatus::Pending }
    }
}

impl From<OrganizationDomainState> for DomainView {
    fn from(state: OrganizationDomainState) -> Self {
        Self {
            id: state.id,
            record_name: state.name.challenge(),
            record_value: state.proof(),
            domain: state.name.to_string(),
            verified_at: state.verified_at,
            auto_join_role: state.auto_join_role,
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// An organization that somebody may join by their address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinableOrganizationView {
    pub id: OrganizationId,
    pub name: String,
    /// What they become.
    pub role: OrganizationRole,
}
