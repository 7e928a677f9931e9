use async_trait::async_trait;
use tenon_domain::identity::Email;
use tenon_domain::{Timestamp, UserId};

use super::unit::MemoryUnit;
use crate::identity::{AddressDigest, AddressDigests};
use crate::organizations::ExcludedAddressRepository;
use crate::unit_of_work::StoreError;

/// Digests that can be read.
pub(crate) struct PlainAddressDigests;

impl AddressDigests for PlainAddressDigests {
    fn digest(&self, address: &Email) -> AddressDigest {
        AddressDigest::new(format!("digest of {address}"))
    }
}

#[async_trait]
impl ExcludedAddressRepository for MemoryUnit {
    async fn exclude(&mut self, user: UserId, address: &AddressDigest, _: Timestamp) -> Result<(), StoreError> {
        let data = &mut self.data;
        let suspended = data.members.iter().filter(|(_, it)| it.user_id == user && !it.is_active());
        let removed = data.exclusions.iter().filter(|(_, excluded)| *excluded == user);
        let organizations = suspended.map(|(org, _)| *org).chain(removed.map(|(org, _)| *org));
        for organization in organizations {
            let row = (organization, address.clone());
            if !data.excluded_addresses.contains(&row) {
                data.excluded_addresses.push(row);
            }
        }
        Ok(())
    }

    async fn readmit(&mut self, address: &AddressDigest) -> Result<(), StoreError> {
        let row = (self.tenant()?, address.clone());
        self.data.excluded_addresses.retain(|excluded| *excluded != row);
        Ok(())
    }

    async fn is_excluded(&mut self, address: &AddressDigest) -> Result<bool, StoreError> {
        let row = (self.tenant()?, address.clone());
        Ok(self.data.excluded_addresses.contains(&row))
    }
}
