//! Domains that organizations prove to be their own, and joining by an address there.
//!
//! An organization **claims** a domain and is told a TXT record, which only whoever runs the domain can make. Once that is
//! found the domain is **verified**, by one organization at a time, and may be **opened**: then who has a verified address
//! there joins with a role that was chosen. A record that is gone for three days takes the proof back.

mod joining;
mod lookups;
mod manage;
mod ports;
mod proving;
mod recheck;
mod views;

pub(crate) use joining::join_by_address;
pub use joining::{JoinOrganization, ListJoinable};
pub use lookups::LookupsUnderWay;
pub use manage::{EditDomain, FindDomain, ListDomains, RemoveDomain};
pub use ports::{DomainArchive, DomainQueries, DomainRepository, DueDomain, LookupError, TxtRecords};
pub use proving::{ClaimDomain, Domains, VerifyDomain};
pub use recheck::RecheckDomain;
pub use views::{DomainView, JoinableOrganizationView};
