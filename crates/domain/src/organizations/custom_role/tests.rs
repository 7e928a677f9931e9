use chrono::{TimeZone, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn at(minute: u32) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, minute, 0).unwrap()
}

fn id() -> CustomRoleId {
    CustomRoleId::new(Uuid::from_u128(7))
}

fn set(permissions: &[Permission]) -> Permissions {
    permissions.iter().copied().collect()
}

fn auditor() -> NewRole {
    NewRole {
        level: RoleLevel::Organization,
        name: RoleName::parse("Auditor").unwrap(),
        description: None,
        base: Some(OrganizationRole::Guest),
        permissions: set(&[Permission::ViewAuditLog]),
    }
}

fn tester() -> NewRole {
    NewRole {
        level: RoleLevel::Project,
        name: RoleName::parse("Tester").unwrap(),
        base: None,
        permissions: set(&[Permission::CreateTask]),
        ..auditor()
    }
}

fn create(new: NewRole) -> Result<CustomRole, OrganizationError> {
    CustomRole::create(id(), new, 0, at(0))
}

fn stored(new: NewRole) -> CustomRole {
    CustomRole::restore(create(new).unwrap().state().clone())
}

fn names(events: &[DomainEvent]) -> Vec<&'static str> {
    events.iter().map(DomainEvent::name).collect()
}

#[test]
fn a_role_always_lets_see_what_it_is_for() {
    let (state, events) = create(auditor()).unwrap().into_parts();
    assert_eq!(state.permissions, set(&[Permission::ViewOrganization, Permission::ViewAuditLog]));
    assert_eq!((state.version, state.created_at, state.updated_at), (0, at(0), at(0)));
    assert_eq!(names(&events), ["role.created"]);
    assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::Role, "Auditor"));
    let fields: Vec<_> = events[0].changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["level", "name", "base", "permissions"]);
    let none = NewRole { permissions: Permissions::default(), ..tester() };
    assert_eq!(create(none).unwrap().state().permissions, set(&[Permission::ViewProject]));
}

#[test]
fn the_base_is_a_modest_system_role_and_roles_for_projects_have_none() {
    for base in [None, Some(OrganizationRole::Owner), Some(OrganizationRole::Admin)] {
        assert_eq!(create(NewRole { base, ..auditor() }).err(), Some(OrganizationError::RoleBase));
    }
    for &base in OrganizationRole::ALL {
        assert_eq!(create(NewRole { base: Some(base), ..tester() }).err(), Some(OrganizationError::RoleBase));
    }
    assert!(create(NewRole { base: Some(OrganizationRole::Member), ..auditor() }).is_ok());
}

#[test]
fn guests_create_no_projects() {
    let founders = NewRole { permissions: set(&[Permission::CreateProject]), ..auditor() };
    assert_eq!(create(founders.clone()).err(), Some(OrganizationError::RoleGuestProjects));
    assert!(create(NewRole { base: Some(OrganizationRole::Member), ..founders.clone() }).is_ok());
    let changes = RoleChanges { permissions: Some(founders.permissions), ..RoleChanges::default() };
    assert_eq!(stored(auditor()).edit(changes, at(1)), Err(OrganizationError::RoleGuestProjects));
}

#[test]
fn an_organization_has_fifty_roles_at_most() {
    assert!(CustomRole::create(id(), auditor(), CustomRole::MOST - 1, at(0)).is_ok());
    let one_more = CustomRole::create(id(), auditor(), CustomRole::MOST, at(0));
    assert_eq!(one_more.err(), Some(OrganizationError::TooManyRoles));
}

#[test]
fn names_are_short_lines_and_descriptions_short_texts() {
    assert_eq!(RoleName::parse(" "), Err(OrganizationError::RoleNameLength));
    assert_eq!(RoleName::parse(&"x".repeat(51)), Err(OrganizationError::RoleNameLength));
    assert_eq!(RoleName::parse("a\tb"), Err(OrganizationError::RoleNameCharacters));
    assert_eq!(RoleName::parse(" \u{c9}TAGE ").unwrap().key(), "\u{e9}tage");
    assert_eq!(RoleDescription::parse(" "), Ok(None));
    let lines = RoleDescription::parse("two\nlines ").unwrap().unwrap();
    assert_eq!(lines.as_str(), "two\nlines");
    assert_eq!(RoleDescription::parse(&"x".repeat(501)), Err(OrganizationError::RoleDescriptionLength));
    assert_eq!(RoleDescription::parse("\u{0}"), Err(OrganizationError::RoleDescriptionCharacters));
}

#[test]
fn an_edit_changes_what_it_names_and_tells_of_it_once() {
    let mut role = stored(auditor());
    role.edit(RoleChanges::default(), at(1)).unwrap();
    let same = RoleChanges { permissions: Some(set(&[Permission::ViewAuditLog])), ..RoleChanges::default() };
    role.edit(same, at(1)).unwrap();
    assert_eq!(role.state().updated_at, at(0));
    let changes = RoleChanges {
        name: Some(RoleName::parse("Inspector").unwrap()),
        permissions: Some(set(&[Permission::ViewMembers])),
        ..RoleChanges::default()
    };
    role.edit(changes, at(2)).unwrap();
    let (state, events) = role.into_parts();
    assert_eq!((state.name.as_str(), state.updated_at), ("Inspector", at(2)));
    assert_eq!(state.permissions, set(&[Permission::ViewOrganization, Permission::ViewMembers]));
    assert_eq!(state.base, Some(OrganizationRole::Guest));
    assert_eq!(names(&events), ["role.updated"]);
    let fields: Vec<_> = events[0].changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["name", "permissions"]);
}

#[test]
fn a_role_goes_when_nobody_has_it() {
    let mut role = stored(tester());
    assert_eq!(role.delete(true), Err(OrganizationError::RoleInUse));
    assert_eq!(role.delete(false), Ok(()));
    assert_eq!(names(&role.into_parts().1), ["role.deleted"]);
}

#[test]
fn only_roles_for_the_organization_are_for_its_members() {
    assert_eq!(stored(tester()).state().for_members(), None);
    assert_eq!(stored(tester()).state().reach(), set(&[Permission::ViewProject, Permission::CreateTask]));
    let access = stored(auditor()).state().for_members().unwrap().access();
    assert_eq!((access.role, access.custom_role), (OrganizationRole::Guest, Some(id())));
    assert!(access.allows(Permission::ViewAuditLog) && !access.allows(Permission::ViewMembers));
    let member = NewRole { base: Some(OrganizationRole::Member), ..auditor() };
    assert!(stored(member).state().reach().contains(Permission::CreateTask), "in projects that are open");
}

proptest! {
    /// Whatever is asked for, a role holds permissions of its level only, what lets see it among them, and never those
    /// of owners.
    #[test]
    fn no_role_holds_what_it_must_not(
        is_for_projects in any::<bool>(),
        asked in proptest::collection::vec(0..Permission::ALL.len(), 0..8),
        edited in proptest::collection::vec(0..Permission::ALL.len(), 0..8),
    ) {
        let of = |places: Vec<usize>| -> Permissions { places.into_iter().map(|at| Permission::ALL[at]).collect() };
        let new = if is_for_projects { tester() } else { auditor() };
        let level = new.level;
        let mut role = match create(NewRole { permissions: of(asked), ..new.clone() }) {
            Ok(role) => role,
            Err(_) => stored(new),
        };
        let before = role.state().permissions;
        let outcome = role.edit(RoleChanges { permissions: Some(of(edited)), ..RoleChanges::default() }, at(1));
        let permissions = role.state().permissions;
        prop_assert!(outcome.is_ok() || permissions == before);
        prop_assert!(permissions.iter().all(|it| it.level() == level && it != Permission::ManageOwners));
        let view = if is_for_projects { Permission::ViewProject } else { Permission::ViewOrganization };
        prop_assert!(permissions.contains(view));
    }
}
