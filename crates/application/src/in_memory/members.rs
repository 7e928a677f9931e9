use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole};
use tenon_domain::identity::Email;
use tenon_domain::organizations::{Member, MemberState};
use tenon_domain::{OrganizationId, Timestamp, UserId};

use super::data::{Data, next_version};
use super::unit::MemoryUnit;
use crate::organizations::MemberRepository;
use crate::unit_of_work::StoreError;

impl Data {
    /// The active members, everywhere.
    pub(super) fn active_members(&self) -> impl Iterator<Item = (OrganizationId, &MemberState)> {
        let active = self.members.iter().filter(move |(org, it)| self.up_to_date(*org, it).is_active());
        active.map(|(org, it)| (*org, it))
    }

    /// What the user may do in the organization now.
    pub(super) fn access(&self, organization: OrganizationId, user: UserId) -> Option<OrganizationAccess> {
        let found = self.active_members().find(|(org, it)| *org == organization && it.user_id == user);
        found.map(|(_, it)| self.up_to_date(organization, it).access())
    }
}

impl MemoryUnit {
    fn take_member(&mut self, user: UserId) -> Result<Option<MemberState>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.members.iter().position(|(org, it)| *org == tenant && it.user_id == user);
        Ok(found.map(|at| self.data.members.remove(at).1))
    }

    /// The active members of the tenant.
    fn insiders_of_tenant(&self) -> Result<impl Iterator<Item = &MemberState>, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.active_members().filter(move |(org, _)| *org == tenant).map(|(_, it)| it))
    }

    fn active_owners(&self) -> Result<impl Iterator<Item = &MemberState>, StoreError> {
        Ok(self.insiders_of_tenant()?.filter(|it| it.role == OrganizationRole::Owner))
    }
}

#[async_trait]
impl MemberRepository for MemoryUnit {
    async fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.members.iter().find(|(org, it)| *org == tenant && it.user_id == user);
        Ok(found.map(|(_, it)| Member::restore(self.data.up_to_date(tenant, it))))
    }

    async fn save(&mut self, member: Member) -> Result<MemberState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = member.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let stored = self.take_member(state.user_id)?.map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        self.data.members.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, member: Member) -> Result<(), StoreError> {
        let (state, events) = member.into_parts();
        self.take_member(state.user_id)?.ok_or(StoreError::Stale)?;
        self.tell(events);
        Ok(())
    }

    async fn lock_organization(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn count_owners(&mut self) -> Result<u64, StoreError> {
        Ok(self.active_owners()?.count() as u64)
    }

    async fn owners(&mut self) -> Result<Vec<UserId>, StoreError> {
        Ok(self.active_owners()?.map(|it| it.user_id).collect())
    }

    async fn among(&mut self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let members = self.insiders_of_tenant()?.map(|it| it.user_id);
        Ok(members.filter(|it| users.contains(it)).collect())
    }

    async fn hold(&mut self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.insiders_of_tenant()?.any(|it| it.user_id == user))
    }

    async fn other_owner(&mut self, than: UserId) -> Result<Option<UserId>, StoreError> {
        let others = self.active_owners()?.filter(|it| it.user_id != than);
        Ok(others.min_by_key(|it| it.joined_at).map(|it| it.user_id))
    }

    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let own = self.data.members.iter().filter(|(_, it)| it.user_id == user);
        let mut organizations: Vec<_> = own.map(|(org, _)| *org).collect();
        organizations.sort();
        Ok(organizations)
    }

    async fn role_in(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<OrganizationAccess>, StoreError> {
        Ok(self.data.access(organization, user))
    }

    async fn home_of(&mut self, user: UserId) -> Result<Option<(OrganizationId, OrganizationAccess)>, StoreError> {
        let mut members = self.data.active_members();
        let found = members.find(|(_, it)| it.user_id == user);
        Ok(found.map(|(org, it)| (org, self.data.up_to_date(org, it).access())))
    }

    async fn has_address(&mut self, email: &Email) -> Result<bool, StoreError> {
        let tenant = self.tenant()?;
        let user = self.data.users.iter().find(|it| it.email == *email).map(|it| it.id);
        Ok(self.data.members.iter().any(|(org, it)| *org == tenant && Some(it.user_id) == user))
    }

    async fn exclude(&mut self, user: UserId, _: Timestamp) -> Result<(), StoreError> {
        self.readmit(user).await?;
        let tenant = self.tenant()?;
        self.data.exclusions.push((tenant, user));
        Ok(())
    }

    async fn readmit(&mut self, user: UserId) -> Result<(), StoreError> {
        let tenant = self.tenant()?;
        self.data.exclusions.retain(|excluded| *excluded != (tenant, user));
        Ok(())
    }

    async fn erase_exclusions(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.exclusions.retain(|(_, excluded)| *excluded != user);
        Ok(())
    }

    async fn is_excluded(&mut self, user: UserId) -> Result<bool, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.exclusions.contains(&(tenant, user)))
    }
}
