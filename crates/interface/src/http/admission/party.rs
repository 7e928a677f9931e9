use std::net::IpAddr;

use tenon_domain::OrganizationId;

/// Whose requests share one line: an organization's, or, of those who are not signed in, an address's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    Organization(OrganizationId),
    Address(Option<IpAddr>),
}
