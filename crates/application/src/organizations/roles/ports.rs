use async_trait::async_trait;
use tenon_domain::CustomRoleId;
use tenon_domain::organizations::{CustomRole, CustomRoleState, RoleName};

use crate::unit_of_work::StoreError;

/// Custom roles in a unit of work, bound to its organization. Whoever locks the organization too does so first.
#[async_trait]
pub trait CustomRoleRepository: Send {
    /// Locks the row: who is about to give the role finds it there at the commit, and who is about to delete it finds all
    /// whom it was given.
    async fn find(&mut self, id: CustomRoleId) -> Result<Option<CustomRole>, StoreError>;
    /// Those of these that there are, one after the other in the order of their ids. Locks their rows, like
    /// [`CustomRoleRepository::find`].
    async fn find_all(&mut self, ids: &[CustomRoleId]) -> Result<Vec<CustomRole>, StoreError>;
    /// What a role is called. Locks nothing.
    async fn name(&mut self, id: CustomRoleId) -> Result<Option<RoleName>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken name is [`StoreError::Duplicate`].
    async fn save(&mut self, role: CustomRole) -> Result<CustomRoleState, StoreError>;
    /// Deletes the row and stores the events.
    async fn remove(&mut self, role: CustomRole) -> Result<(), StoreError>;
    /// How many the organization has. Locks the organization, so that the answer holds until the commit.
    async fn count(&mut self) -> Result<u64, StoreError>;
    /// Whether a member, a member of a project or a team in a project has it.
    async fn is_used(&mut self, id: CustomRoleId) -> Result<bool, StoreError>;
    /// Whether a service account has it, suspended or not.
    async fn is_held_by_service(&mut self, id: CustomRoleId) -> Result<bool, StoreError>;
}
