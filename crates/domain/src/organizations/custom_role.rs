use super::{HeldRole, MemberRole, OrganizationError, OrganizationFact};
use crate::access::{OrganizationRole, Permission, Permissions, RoleLevel};
use crate::text::{line_value, text_value};
use crate::{CustomRoleId, DomainEvent, Fact, FieldChange, FieldValue, ResourceKind, Subject, Timestamp, Version};

line_value! {
    /// What people call a custom role.
    RoleName, 1..=50, OrganizationError, OrganizationError::RoleNameLength, OrganizationError::RoleNameCharacters
}

impl RoleName {
    /// What no two roles of a level share: case does not tell them apart.
    pub fn key(&self) -> String {
        self.as_str().to_lowercase()
    }
}

text_value! {
    /// What a role is for. An empty one is no description.
    RoleDescription, 500, OrganizationError, OrganizationError::RoleDescriptionLength,
    OrganizationError::RoleDescriptionCharacters
}

/// The plain data of a custom role: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRoleState {
    pub id: CustomRoleId,
    pub level: RoleLevel,
    pub name: RoleName,
    pub description: Option<RoleDescription>,
    /// The system role that decides what whoever has it sees of the projects. Only roles for the organization have one,
    /// and keep it.
    pub base: Option<OrganizationRole>,
    pub permissions: Permissions,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl CustomRoleState {
    /// The role as members of the organization have it; `None` for one that is for projects.
    pub fn for_members(&self) -> Option<MemberRole> {
        let held = HeldRole { id: self.id, name: self.name.clone(), permissions: self.permissions };
        self.base.map(|base| MemberRole { base, custom: Some(held) })
    }

    /// All that whoever has it may do by it.
    pub fn reach(&self) -> Permissions {
        self.for_members().map_or(self.permissions, |role| role.access().reach())
    }
}

/// What a new role is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRole {
    pub level: RoleLevel,
    pub name: RoleName,
    pub description: Option<RoleDescription>,
    pub base: Option<OrganizationRole>,
    pub permissions: Permissions,
}

/// What is to change in a role: `None` leaves a field as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleChanges {
    pub name: Option<RoleName>,
    pub description: Option<Option<RoleDescription>>,
    pub permissions: Option<Permissions>,
}

/// A named set of permissions that an organization made, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct CustomRole {
    state: CustomRoleState,
    events: Vec<DomainEvent>,
}

impl CustomRole {
    /// How many an organization has at most.
    pub const MOST: u64 = 50;

    /// Makes a role; `existing` is how many the organization has now.
    pub fn create(id: CustomRoleId, new: NewRole, existing: u64, now: Timestamp) -> Result<Self, OrganizationError> {
        let NewRole { level, name, description, base, permissions } = new;
        let is_based = match level {
            RoleLevel::Organization => matches!(base, Some(OrganizationRole::Member | OrganizationRole::Guest)),
            RoleLevel::Project => base.is_none(),
        };
        if !is_based {
            return Err(OrganizationError::RoleBase);
        }
        let permissions = completed(level, base, permissions)?;
        if existing >= Self::MOST {
            return Err(OrganizationError::TooManyRoles);
        }
        let changes = [
            FieldChange::of("level", None::<&str>, level.as_str()),
            FieldChange::of("name", None::<&str>, name.as_str()),
            FieldChange::of("base", None::<&str>, base.map(OrganizationRole::as_str)),
            FieldChange::of("permissions", None::<Vec<String>>, permissions.to_strings()),
        ];
        let state = CustomRoleState {
            id,
            level,
            name,
            description,
            base,
            permissions,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let mut role = Self { state, events: Vec::new() };
        role.record(OrganizationFact::RoleCreated, changes.into_iter().flatten().collect());
        Ok(role)
    }

    pub fn restore(state: CustomRoleState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &CustomRoleState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (CustomRoleState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes the role for everybody who has it. Nothing is recorded when nothing changes.
    pub fn edit(&mut self, to: RoleChanges, now: Timestamp) -> Result<(), OrganizationError> {
        let text = |description: &Option<RoleDescription>| -> FieldValue {
            description.as_ref().map(RoleDescription::as_str).map(str::to_owned).into()
        };
        let before = &self.state;
        let name = to.name.unwrap_or_else(|| before.name.clone());
        let description = to.description.unwrap_or_else(|| before.description.clone());
        let permissions = completed(before.level, before.base, to.permissions.unwrap_or(before.permissions))?;
        let changes = [
            FieldChange::of("name", before.name.as_str(), name.as_str()),
            FieldChange::of("description", text(&before.description), text(&description)),
            FieldChange::of("permissions", before.permissions.to_strings(), permissions.to_strings()),
        ];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        if !changes.is_empty() {
            self.state.name = name;
            self.state.description = description;
            self.state.permissions = permissions;
            self.state.updated_at = now;
            self.record(OrganizationFact::RoleUpdated, changes);
        }
        Ok(())
    }

    /// Records the deletion; the store then deletes the row. `is_used` is whether anybody has the role.
    pub fn delete(&mut self, is_used: bool) -> Result<(), OrganizationError> {
        if is_used {
            return Err(OrganizationError::RoleInUse);
        }
        self.record(OrganizationFact::RoleDeleted, Vec::new());
        Ok(())
    }

    fn record(&mut self, fact: OrganizationFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject { kind: ResourceKind::Role, id: self.state.id.uuid(), name: self.state.name.to_string() },
            project: None,
            fact: Fact::Organization(fact),
            changes,
        });
    }
}

/// The permissions of a role of this level, with the one that everybody has who has any role.
fn completed(
    level: RoleLevel,
    base: Option<OrganizationRole>,
    permissions: Permissions,
) -> Result<Permissions, OrganizationError> {
    if permissions.contains(Permission::ManageOwners) {
        return Err(OrganizationError::RoleOwnersOnly);
    }
    if permissions.iter().any(|permission| permission.level() != level) {
        return Err(OrganizationError::RolePermissionLevel);
    }
    if base == Some(OrganizationRole::Guest) && permissions.contains(Permission::CreateProject) {
        return Err(OrganizationError::RoleGuestProjects);
    }
    Ok(permissions.with(match level {
        RoleLevel::Organization => Permission::ViewOrganization,
        RoleLevel::Project => Permission::ViewProject,
    }))
}

#[cfg(test)]
mod tests;
