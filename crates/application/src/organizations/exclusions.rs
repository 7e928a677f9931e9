//! Who does not join an organization by themselves, and by which addresses: whom somebody removed, and addresses of people
//! who were suspended or removed there and have given them up since.

use async_trait::async_trait;
use tenon_domain::identity::{Email, UserState};
use tenon_domain::{Timestamp, UserId};

use crate::command::Work;
use crate::error::AppError;
use crate::identity::AddressDigest;
use crate::unit_of_work::StoreError;

/// The addresses that are kept out of organizations, in a unit of work.
#[async_trait]
pub trait ExcludedAddressRepository: Send {
    /// Keeps an address out of all organizations where this user is suspended, or was removed by somebody. Across tenants:
    /// needs the deployment's scope, before an organization is entered.
    async fn exclude(&mut self, user: UserId, address: &AddressDigest, now: Timestamp) -> Result<(), StoreError>;
    /// Takes that back in the organization of the unit of work.
    async fn readmit(&mut self, address: &AddressDigest) -> Result<(), StoreError>;
    /// Whether the address is kept out of the organization of the unit of work.
    async fn is_excluded(&mut self, address: &AddressDigest) -> Result<bool, StoreError>;
}

/// Keeps the address that a user gives up out of where they are kept out themselves: else whoever has it next would join
/// by it, and that may be they. No organization may have been entered yet.
pub(crate) async fn keep_out_by_address(work: &mut Work<'_>, user: &UserState) -> Result<(), AppError> {
    let (address, now) = (work.digest_of(&user.email), work.now());
    Ok(work.unit().excluded_addresses().exclude(user.id, &address, now).await?)
}

/// Whether a user is not to join the organization of the unit of work by themselves.
pub(crate) async fn is_kept_out(work: &mut Work<'_>, user: &UserState) -> Result<bool, AppError> {
    Ok(work.unit().members().is_excluded(user.id).await? || is_address_kept_out(work, &user.email).await?)
}

/// The same, for somebody who has no account yet.
pub(crate) async fn is_address_kept_out(work: &mut Work<'_>, address: &Email) -> Result<bool, AppError> {
    let address = work.digest_of(address);
    Ok(work.unit().excluded_addresses().is_excluded(&address).await?)
}

/// Whoever was kept out is wanted again in the organization of the unit of work.
pub(super) async fn readmit(work: &mut Work<'_>, user: &UserState) -> Result<(), AppError> {
    let address = work.digest_of(&user.email);
    work.unit().members().readmit(user.id).await?;
    Ok(work.unit().excluded_addresses().readmit(&address).await?)
}
