//! Custom roles in projects, and that nobody gives or takes more than they have.

use tenon_domain::CustomRoleId;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permissions, RoleLevel};
use tenon_domain::organizations::{CustomRoleState, OrganizationError, RoleName};
use tenon_domain::projects::GivenRole;
use uuid::Uuid;

use super::*;
use crate::actor::{Actor, Origin, Viewer};
use crate::in_memory::at;
use crate::organizations::ChangeMemberRole;

/// Adds a custom role.
fn role(scene: &Scene, n: u128, level: RoleLevel, permissions: Permissions) -> GivenRole {
    let id = CustomRoleId::new(Uuid::from_u128(0xC057 + n));
    let state = CustomRoleState {
        id,
        level,
        name: RoleName::parse(&format!("Role {n}")).unwrap(),
        description: None,
        base: None,
        permissions,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    };
    scene.store.data().custom_roles.push((Scene::ACME, state));
    GivenRole::Custom(id)
}

fn of(permissions: &[Permission]) -> Permissions {
    permissions.iter().copied().collect()
}

fn give(project: ProjectId, who: Person, role: GivenRole) -> SetProjectMember {
    SetProjectMember { project: ProjectRef::Id(project), user: who.id(), role }
}

/// A private project in which the peer has a role of these permissions.
fn project_with(scene: &Scene, permissions: Permissions) -> ProjectId {
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let given = role(scene, 1, RoleLevel::Project, permissions);
    scene.store.data().roles.push((id, Person::Peer.id(), given));
    id
}

#[tokio::test]
async fn a_custom_role_grants_what_it_holds_and_can_be_told_from_others() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let editors = role(&scene, 1, RoleLevel::Project, of(&[Permission::ViewProject, Permission::EditProject]));
    let given = scene.run(Person::Member, give(id, Person::Peer, editors)).await.unwrap();
    assert_eq!((given.role, given.custom_role.map(|role| role.name)), (VIEWER, Some("Role 1".to_owned())));
    assert!(scene.run(Person::Peer, edit(id, ProjectFields::default())).await.is_ok());
    let create = crate::in_memory::create_task(id);
    assert_eq!(scene.run(Person::Peer, create).await.unwrap_err(), AppError::Forbidden(Permission::CreateTask));
    scene.run(Person::Member, set(id, Person::Peer, VIEWER)).await.unwrap();
    assert_eq!(
        scene.run(Person::Peer, edit(id, ProjectFields::default())).await,
        refused(Permission::EditProject),
        "a system role again"
    );
}

#[tokio::test]
async fn only_roles_for_projects_of_the_organization_are_given_in_them() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let of_members = role(&scene, 1, RoleLevel::Organization, of(&[Permission::ViewMembers]));
    let unknown = GivenRole::Custom(CustomRoleId::new(Uuid::from_u128(7)));
    for (role, error) in [(of_members, OrganizationError::RoleWrongLevel), (unknown, OrganizationError::RoleUnknown)] {
        assert_eq!(scene.run(Person::Member, give(id, Person::Peer, role)).await, broken(error.clone()));
        let team = scene.add_team(1, &[Person::Peer], &[]);
        let command = SetProjectTeam { project: ProjectRef::Id(id), team, role };
        assert_eq!(scene.run(Person::Member, command).await, broken(error));
        scene.store.data().teams.clear();
    }
}

#[tokio::test]
async fn guests_are_given_nothing_that_manages() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let strong = role(&scene, 1, RoleLevel::Project, of(&[Permission::ViewProject, Permission::EditProject]));
    let weak = role(&scene, 2, RoleLevel::Project, of(&[Permission::ViewProject, Permission::EditTask]));
    let refusal = scene.run(Person::Member, give(id, Person::Guest, strong)).await;
    assert_eq!(refusal, broken(ProjectError::GuestManager));
    assert!(scene.run(Person::Member, give(id, Person::Guest, weak)).await.is_ok());
}

#[tokio::test]
async fn a_manager_with_a_custom_role_is_none_that_keeps_a_private_project() {
    let scene = Scene::new();
    let id = project_with(&scene, ProjectRole::Manager.permissions());
    let alone = scene.run(Person::Peer, remove(id, Person::Member)).await;
    assert_eq!(alone, broken(ProjectError::LastManager));
}

#[tokio::test]
async fn who_manages_members_alone_gives_and_takes_no_more_than_they_have() {
    let scene = Scene::new();
    let id =
        project_with(&scene, of(&[Permission::ViewProject, Permission::ManageProjectMembers, Permission::EditTask]));
    let missing = || refused(Permission::EditProject);
    assert_eq!(scene.run(Person::Peer, set(id, Person::Peer, MANAGER)).await, missing());
    assert_eq!(
        scene.run(Person::Peer, set(id, Person::Member, VIEWER)).await,
        missing(),
        "whom they could not appoint"
    );
    let removal = scene.run(Person::Peer, remove(id, Person::Member)).await;
    assert_eq!(removal, refused(Permission::EditProject));
    let team = scene.add_team(1, &[Person::Peer], &[]);
    let command = |role: ProjectRole| SetProjectTeam { project: ProjectRef::Id(id), team, role: role.into() };
    assert_eq!(scene.run(Person::Peer, command(MANAGER)).await, refused(Permission::EditProject));
    scene.run(Person::Member, command(MANAGER)).await.unwrap();
    // By their team they may do all of it now.
    assert!(scene.run(Person::Peer, command(VIEWER)).await.is_ok());
    let down = RemoveProjectTeam { project: ProjectRef::Id(id), team };
    assert!(scene.run(Person::Peer, down).await.is_ok());
    assert!(scene.run(Person::Peer, set(id, Person::Guest, VIEWER)).await.is_ok());
    assert!(scene.run(Person::Peer, remove(id, Person::Guest)).await.is_ok());
    assert!(scene.run(Person::Peer, remove(id, Person::Peer)).await.is_ok(), "everybody may leave");
}

#[tokio::test]
async fn nobody_is_given_what_the_giver_does_not_have() {
    let all: Vec<Permission> = ProjectRole::Manager.permissions().iter().collect();
    for chosen in 0..1_usize << all.len() {
        let own = all.iter().enumerate().filter(|(at, _)| chosen & (1 << at) != 0).map(|(_, it)| *it);
        let own = own.chain([Permission::ViewProject, Permission::ManageProjectMembers]).collect::<Permissions>();
        let scene = Scene::new();
        let id = project_with(&scene, own);
        for (n, permission) in all.iter().enumerate() {
            let given = role(&scene, 2 + n as u128, RoleLevel::Project, of(&[Permission::ViewProject, *permission]));
            let outcome = scene.run(Person::Peer, give(id, Person::Admin, given)).await;
            assert_eq!(outcome.is_ok(), own.contains(*permission), "{permission} by {own}");
        }
    }
}

#[tokio::test]
async fn where_a_project_is_open_what_members_have_without_a_role_counts() {
    let scene = Scene::new();
    let id = scene.open_project(1, "ENG");
    let weak = role(&scene, 1, RoleLevel::Project, of(&[Permission::ViewProject, Permission::ManageProjectMembers]));
    scene.store.data().roles.push((id, Person::Peer.id(), weak));
    let missing = Permission::CreateTask;
    let restricted = scene.run(Person::Peer, set(id, Person::Member, VIEWER)).await;
    assert_eq!(restricted, refused(missing), "it would take what the giver does not have");
    let team = scene.add_team(1, &[Person::Member], &[]);
    let add = SetProjectTeam { project: ProjectRef::Id(id), team, role: VIEWER.into() };
    assert_eq!(scene.run(Person::Peer, add.clone()).await, refused(missing));
    assert!(scene.run(Person::Peer, set(id, Person::Guest, VIEWER)).await.is_ok(), "guests have nothing to lose");
    assert!(scene.run(Person::Peer, remove(id, Person::Guest)).await.is_ok());

    scene.run(Person::Admin, set(id, Person::Member, VIEWER)).await.unwrap();
    scene.run(Person::Admin, add).await.unwrap();
    assert_eq!(scene.run(Person::Peer, remove(id, Person::Member)).await, refused(missing), "it would give it back");
    let remove_team = RemoveProjectTeam { project: ProjectRef::Id(id), team };
    assert_eq!(scene.run(Person::Peer, remove_team.clone()).await, refused(missing));
    assert!(scene.run(Person::Admin, remove_team).await.is_ok());
}

#[tokio::test]
async fn nobody_leaves_a_role_that_restricts_them() {
    let scene = Scene::new();
    let open = [(Person::Member, VIEWER), (Person::Peer, MANAGER), (Person::Guest, VIEWER)];
    let id = scene.add_project(1, "ENG", Visibility::Organization, &open);
    let stays = scene.run(Person::Member, remove(id, Person::Member)).await;
    assert_eq!(stays, refused(Permission::ManageProjectMembers));
    assert_eq!(role_of(&scene, id, Person::Member), Some(VIEWER));
    for who in [Person::Peer, Person::Guest] {
        assert!(scene.run(who, remove(id, who)).await.is_ok(), "{who:?}");
    }
    assert!(scene.run(Person::Admin, remove(id, Person::Member)).await.is_ok());
}

#[tokio::test]
async fn no_guest_manages_a_project_by_creating_it_or_by_being_its_lead() {
    let scene = Scene::new();
    let leads = scene.run(Person::Member, create("ENG", Visibility::Private, Some(Person::Guest))).await;
    assert_eq!(leads, broken(ProjectError::GuestManager));
    let role = OrganizationRole::Guest;
    let access = OrganizationAccess { role, custom_role: None, permissions: of(&[Permission::CreateProject]) };
    let viewer = Viewer::new(Person::Guest.id(), Scene::ACME, access);
    let founder = Actor::user(viewer, Person::Guest.session(), Origin::default());
    let created = scene.app.execute(&founder, create("ENG", Visibility::Private, None)).await;
    assert_eq!(created, refused(Permission::CreateProject));
    assert!(scene.store.data().projects.is_empty());
}

#[tokio::test]
async fn who_sees_a_project_is_decided_by_who_has_all_of_it() {
    let scene = Scene::new();
    let id = project_with(&scene, of(&[Permission::ViewProject, Permission::EditProject]));
    let show = |visibility| edit(id, ProjectFields { visibility: Some(visibility), ..ProjectFields::default() });
    assert!(scene.run(Person::Peer, show(Visibility::Private)).await.is_ok(), "it stays as it is");
    assert!(matches!(scene.run(Person::Peer, show(Visibility::Organization)).await, Err(AppError::Forbidden(_))));
    assert!(scene.run(Person::Member, show(Visibility::Organization)).await.is_ok());
    assert!(matches!(scene.run(Person::Peer, show(Visibility::Private)).await, Err(AppError::Forbidden(_))));
    assert!(scene.run(Person::Admin, show(Visibility::Private)).await.is_ok());
}

#[tokio::test]
async fn private_projects_keep_somebody_who_can_manage_them() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Guest, MANAGER)]);
    let last = broken(ProjectError::LastManager);
    assert_eq!(scene.run(Person::Member, remove(id, Person::Member)).await, last, "guests manage nothing");
    assert_eq!(scene.run(Person::Member, set(id, Person::Member, VIEWER)).await.map(drop), last);
    assert_eq!(scene.run(Person::Member, remove(id, Person::Guest)).await, Ok(()));

    let guest = ChangeMemberRole {
        user: Person::Member.id(),
        role: Some(OrganizationRole::Guest.into()),
        expected_version: None,
    };
    scene.run(Person::Admin, guest).await.unwrap();
    assert_eq!(role_of(&scene, id, Person::Admin), Some(MANAGER), "it passes to who made them a guest");
}

#[tokio::test]
async fn people_are_taken_out_of_archived_projects() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, VIEWER)]);
    scene
        .run(
            Person::Member,
            edit(id, ProjectFields { lead_id: Some(Some(Person::Peer.id())), ..ProjectFields::default() }),
        )
        .await
        .unwrap();
    scene.run(Person::Member, ArchiveProject { project: ProjectRef::Id(id) }).await.unwrap();
    assert_eq!(
        scene.run(Person::Member, set(id, Person::Admin, VIEWER)).await.map(drop),
        broken(ProjectError::Archived)
    );
    scene.run(Person::Member, remove(id, Person::Peer)).await.unwrap();
    assert_eq!(role_of(&scene, id, Person::Peer), None);
    let data = scene.store.data();
    assert!(data.projects.iter().any(|(_, it)| it.id == id && it.lead_id.is_none()));
}
