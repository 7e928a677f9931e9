mod escalation;
mod giving;
mod own_permissions;

use tenon_domain::CustomRoleId;
use tenon_domain::access::{OrganizationRole, Permission, Permissions, RoleLevel};
use tenon_domain::organizations::{
    CustomRole, CustomRoleState, HeldRole, NewRole, OrganizationError, RoleChanges, RoleChoice, RoleName,
};
use uuid::Uuid;

use super::*;
use crate::actor::{Actor, Origin, Viewer};
use crate::in_memory::{Person, Scene, at};

fn set(permissions: &[Permission]) -> Permissions {
    permissions.iter().copied().collect()
}

fn name(text: &str) -> RoleName {
    RoleName::parse(text).unwrap()
}

/// A role for members.
fn new(text: &str, permissions: &[Permission]) -> NewRole {
    NewRole {
        level: RoleLevel::Organization,
        name: name(text),
        description: None,
        base: Some(OrganizationRole::Member),
        permissions: set(permissions),
    }
}

/// A role for projects.
fn for_projects(text: &str, permissions: &[Permission]) -> NewRole {
    NewRole { level: RoleLevel::Project, base: None, ..new(text, permissions) }
}

async fn make(scene: &Scene, role: NewRole) -> CustomRoleState {
    scene.run(Person::Owner, CreateRole { role }).await.unwrap()
}

/// Puts a role into the store, whoever could have made it, and gives it to somebody, who acts with it.
fn holding(scene: &Scene, who: Person, base: OrganizationRole, permissions: Permissions) -> Actor {
    let id = CustomRoleId::new(Uuid::from_u128(0xCC00 + who as u128));
    let state = CustomRoleState {
        id,
        level: RoleLevel::Organization,
        name: name(&format!("Role of {who:?}")),
        description: None,
        base: Some(base),
        permissions,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    };
    let mut data = scene.store.data();
    let member = data.members.iter_mut().find(|(_, it)| it.user_id == who.id()).map(|(_, it)| it).unwrap();
    (member.role, member.custom_role) = (base, Some(HeldRole { id, name: state.name.clone(), permissions }));
    let access = member.access();
    data.custom_roles.push((Scene::ACME, state));
    Actor::user(Viewer::new(who.id(), Scene::ACME, access), who.session(), Origin::default())
}

fn edit(role: CustomRoleId, permissions: &[Permission]) -> EditRole {
    let changes = RoleChanges { permissions: Some(set(permissions)), ..RoleChanges::default() };
    EditRole { role, changes, expected_version: None }
}

fn delete(role: CustomRoleId) -> DeleteRole {
    DeleteRole { role, expected_version: None }
}

#[tokio::test]
async fn admins_make_roles_and_members_do_not() {
    let scene = Scene::new();
    let create = CreateRole { role: new("Auditor", &[Permission::ViewAuditLog]) };
    assert_eq!(scene.run(Person::Member, create.clone()).await, refused(Permission::ManageRoles));
    let role = scene.run(Person::Admin, create).await.unwrap();
    assert_eq!((role.name.as_str(), role.version, role.created_at), ("Auditor", 1, at(10)));
    assert_eq!(role.permissions, set(&[Permission::ViewOrganization, Permission::ViewAuditLog]));
    assert_eq!(scene.run(Person::Member, edit(role.id, &[])).await, refused(Permission::ManageRoles));
    assert_eq!(scene.run(Person::Member, delete(role.id)).await, refused(Permission::ManageRoles));
    let edited = scene.run(Person::Admin, edit(role.id, &[])).await.unwrap();
    assert_eq!((edited.version, edited.permissions), (2, set(&[Permission::ViewOrganization])));
    assert_eq!(scene.run(Person::Admin, delete(role.id)).await, Ok(()));
    let told: Vec<_> = scene.told().into_iter().filter(|it| it.starts_with("role.")).collect();
    assert_eq!(told, ["role.created", "role.updated", "role.deleted"]);
}

#[tokio::test]
async fn a_name_is_given_once_at_each_level() {
    let scene = Scene::new();
    let auditor = make(&scene, new("Auditor", &[])).await;
    let again = CreateRole { role: new("AUDITOR", &[]) };
    assert_eq!(scene.run(Person::Owner, again).await, broken(OrganizationError::RoleNameTaken));
    make(&scene, for_projects("Auditor", &[])).await;
    let other = make(&scene, new("Other", &[])).await;
    let rename = |to: &str| {
        let changes = RoleChanges { name: Some(name(to)), ..RoleChanges::default() };
        EditRole { role: other.id, changes, expected_version: None }
    };
    assert_eq!(scene.run(Person::Owner, rename("auditor")).await, broken(OrganizationError::RoleNameTaken));
    assert!(scene.run(Person::Owner, rename("OTHER")).await.is_ok(), "its own name in another case");
    scene.run(Person::Owner, delete(auditor.id)).await.unwrap();
    assert!(scene.run(Person::Owner, rename("Auditor")).await.is_ok());
}

#[tokio::test]
async fn rules_preconditions_and_strangers() {
    let scene = Scene::new();
    let owners = CreateRole { role: new("Owners", &[Permission::ManageOwners]) };
    assert_eq!(scene.run(Person::Owner, owners).await, broken(OrganizationError::RoleOwnersOnly));
    let mixed = CreateRole { role: new("Mixed", &[Permission::EditTask]) };
    assert_eq!(scene.run(Person::Owner, mixed).await, broken(OrganizationError::RolePermissionLevel));
    let role = make(&scene, new("Auditor", &[])).await.id;
    let stale = EditRole { expected_version: Some(5), ..edit(role, &[]) };
    assert_eq!(scene.run(Person::Owner, stale).await, Err(AppError::PreconditionFailed));
    let stale = DeleteRole { expected_version: Some(5), ..delete(role) };
    assert_eq!(scene.run(Person::Owner, stale).await, Err(AppError::PreconditionFailed));
    let gone = || AppError::NotFound("role");
    assert_eq!(scene.run(Person::Stranger, edit(role, &[])).await, Err(gone()));
    assert_eq!(scene.run(Person::Stranger, delete(role)).await, Err(gone()));
}

#[tokio::test]
async fn there_are_fifty_roles_at_most() {
    let scene = Scene::new();
    for number in 0..CustomRole::MOST {
        make(&scene, new(&format!("Role {number}"), &[])).await;
    }
    let one_more = CreateRole { role: for_projects("One more", &[]) };
    assert_eq!(scene.run(Person::Owner, one_more).await, broken(OrganizationError::TooManyRoles));
}
