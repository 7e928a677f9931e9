use async_trait::async_trait;
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::{CustomRole, CustomRoleState, MemberState, RoleName};
use tenon_domain::{CustomRoleId, OrganizationId, UserId};

use super::data::{Data, next_version};
use super::unit::MemoryUnit;
use crate::organizations::CustomRoleRepository;
use crate::unit_of_work::StoreError;

impl Data {
    pub(super) fn custom_role(&self, organization: OrganizationId, id: CustomRoleId) -> Option<&CustomRoleState> {
        self.custom_roles.iter().find(|(org, it)| *org == organization && it.id == id).map(|(_, it)| it)
    }

    /// The members who have the role.
    fn holders(&self, id: CustomRoleId) -> impl Iterator<Item = UserId> {
        let has_it = move |it: &MemberState| it.custom_role.as_ref().is_some_and(|held| held.id == id);
        self.members.iter().filter(move |(_, it)| has_it(it)).map(|(_, it)| it.user_id)
    }

    /// A membership with its custom role and its user as they are now.
    pub(super) fn up_to_date(&self, organization: OrganizationId, member: &MemberState) -> MemberState {
        let held = member.custom_role.as_ref().and_then(|held| self.custom_role(organization, held.id));
        let custom_role = held.and_then(|role| role.for_members()).and_then(|role| role.custom);
        let user = self.users.iter().find(|it| it.id == member.user_id);
        let deactivated_at = user.and_then(|it| it.deactivated_at);
        MemberState { custom_role, deactivated_at, ..member.clone() }
    }
}

#[async_trait]
impl CustomRoleRepository for MemoryUnit {
    async fn find(&mut self, id: CustomRoleId) -> Result<Option<CustomRole>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.custom_role(tenant, id).cloned().map(CustomRole::restore))
    }

    async fn find_all(&mut self, ids: &[CustomRoleId]) -> Result<Vec<CustomRole>, StoreError> {
        let tenant = self.tenant()?;
        let mut found: Vec<_> = ids.iter().filter_map(|id| self.data.custom_role(tenant, *id)).cloned().collect();
        found.sort_by_key(|it| it.id);
        Ok(found.into_iter().map(CustomRole::restore).collect())
    }

    async fn name(&mut self, id: CustomRoleId) -> Result<Option<RoleName>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.custom_role(tenant, id).map(|it| it.name.clone()))
    }

    async fn save(&mut self, role: CustomRole) -> Result<CustomRoleState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = role.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let same_name = |it: &CustomRoleState| (it.level, it.name.key()) == (state.level, state.name.key());
        if self.data.custom_roles.iter().any(|(org, it)| *org == tenant && it.id != state.id && same_name(it)) {
            return Err(StoreError::Duplicate("name".to_owned()));
        }
        state.version = next_version(state.version, self.data.custom_role(tenant, state.id).map(|it| it.version))?;
        self.data.custom_roles.retain(|(_, it)| it.id != state.id);
        self.data.custom_roles.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, role: CustomRole) -> Result<(), StoreError> {
        let (state, events) = role.into_parts();
        self.data.custom_roles.retain(|(_, it)| it.id != state.id);
        self.tell(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.custom_roles.iter().filter(|(org, _)| *org == tenant).count() as u64)
    }

    async fn is_used(&mut self, id: CustomRoleId) -> Result<bool, StoreError> {
        let data = &self.data;
        let given = data.roles.iter().map(|(_, _, role)| role).chain(data.team_roles.iter().map(|(_, _, role)| role));
        let is_given = given.filter_map(|role| role.custom()).any(|custom| custom == id);
        Ok(is_given || data.holders(id).next().is_some())
    }

    async fn is_held_by_service(&mut self, id: CustomRoleId) -> Result<bool, StoreError> {
        let users = &self.data.users;
        let is_service = |user: UserId| users.iter().any(|it| it.id == user && it.kind == UserKind::Service);
        Ok(self.data.holders(id).any(is_service))
    }
}
