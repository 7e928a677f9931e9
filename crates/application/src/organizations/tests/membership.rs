use tenon_domain::UserId;
use tenon_domain::access::{OrganizationRole, ProjectRole};
use tenon_domain::organizations::{OrganizationError, RoleChoice};

use super::*;
use crate::in_memory::{Person, Scene};

fn change(who: Person, role: OrganizationRole) -> ChangeMemberRole {
    ChangeMemberRole { user: who.id(), role: Some(role.into()), expected_version: None }
}

fn remove(who: Person) -> RemoveMember {
    RemoveMember { user: who.id(), expected_version: None }
}

/// Makes somebody a second owner.
fn second_owner(scene: &Scene, who: Person) {
    let mut data = scene.store.data();
    let member = data.members.iter_mut().find(|(_, it)| it.user_id == who.id()).unwrap();
    member.1.role = OrganizationRole::Owner;
}

#[tokio::test]
async fn admins_give_roles_and_every_instance_hears_of_it() {
    let scene = Scene::new();
    assert_eq!(
        scene.run(Person::Member, change(Person::Peer, OrganizationRole::Guest)).await,
        refused(Permission::ManageMembers)
    );
    let view = scene.run(Person::Admin, change(Person::Peer, OrganizationRole::Guest)).await.unwrap();
    assert_eq!((view.role, view.version, view.email.as_str()), (OrganizationRole::Guest, 2, "peer@example.com"));
    assert_eq!(scene.told(), ["permission.denied", "organization.member_role_changed"]);

    scene.store.data().members.clear();
    let cached = scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await;
    assert_eq!(cached, Ok(Some(OrganizationRole::Guest.into())));
}

#[tokio::test]
async fn only_owners_give_take_or_remove_ownership() {
    let scene = Scene::new();
    second_owner(&scene, Person::Member);
    let needs_owner = || refused(Permission::ManageOwners);
    assert_eq!(scene.run(Person::Admin, change(Person::Peer, OrganizationRole::Owner)).await, needs_owner());
    assert_eq!(scene.run(Person::Admin, change(Person::Owner, OrganizationRole::Member)).await, needs_owner());
    assert_eq!(scene.run(Person::Admin, remove(Person::Owner)).await, refused(Permission::ManageOwners));
    assert!(scene.run(Person::Owner, change(Person::Peer, OrganizationRole::Owner)).await.is_ok());
    assert!(scene.run(Person::Owner, remove(Person::Admin)).await.is_ok());
}

#[tokio::test]
async fn the_last_owner_stays() {
    let scene = Scene::new();
    let last = scene.run(Person::Owner, change(Person::Owner, OrganizationRole::Admin)).await;
    assert_eq!(last, broken(OrganizationError::LastOwner));
    assert_eq!(scene.run(Person::Owner, remove(Person::Owner)).await, broken(OrganizationError::LastOwner));
    second_owner(&scene, Person::Admin);
    assert_eq!(scene.run(Person::Owner, remove(Person::Owner)).await, Ok(()));
}

#[tokio::test]
async fn preconditions_and_strangers() {
    let scene = Scene::new();
    let stale = ChangeMemberRole { expected_version: Some(5), ..change(Person::Peer, OrganizationRole::Guest) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let stale = RemoveMember { expected_version: Some(5), ..remove(Person::Peer) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let gone = AppError::NotFound("member");
    assert_eq!(scene.run(Person::Admin, remove(Person::Stranger)).await, Err(gone.clone()));
    assert_eq!(scene.run(Person::Admin, change(Person::Stranger, OrganizationRole::Guest)).await, Err(gone));
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test]
async fn what_a_removed_member_alone_managed_passes_to_who_removed_them() {
    let scene = Scene::new();
    let alone = scene.private_project(1, "ONE", &[(Person::Peer, ProjectRole::Manager)]);
    let shared = scene.private_project(
        2,
        "TWO",
        &[(Person::Peer, ProjectRole::Manager), (Person::Member, ProjectRole::Manager)],
    );
    assert_eq!(scene.run(Person::Member, remove(Person::Peer)).await, refused(Permission::ManageMembers));
    scene.run(Person::Admin, remove(Person::Peer)).await.unwrap();

    let data = scene.store.data();
    let managers = [(alone, Person::Admin.id()), (shared, Person::Member.id())];
    let found: Vec<(_, UserId)> = data.roles.iter().map(|(id, user, _)| (*id, *user)).collect();
    assert!(managers.iter().all(|it| found.contains(it)) && found.len() == 2, "{found:?}");
    assert!(!data.members.iter().any(|(_, it)| it.user_id == Person::Peer.id()));
}

#[tokio::test]
async fn what_a_leaving_member_alone_managed_passes_to_an_owner() {
    let scene = Scene::new();
    let alone = scene.private_project(1, "ONE", &[(Person::Peer, ProjectRole::Manager)]);
    scene.run(Person::Peer, remove(Person::Peer)).await.unwrap();
    assert_eq!(scene.store.data().roles, [(alone, Person::Owner.id(), ProjectRole::Manager.into())]);
    assert_eq!(scene.told(), ["organization.member_removed"]);
    // The next request of the one who left finds no role any more.
    assert_eq!(scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await, Ok(None));
}

#[tokio::test]
async fn a_change_of_nothing_tells_nobody_of_a_role() {
    let scene = Scene::new();
    // As when a suspension is committed, and told, after the member was read.
    scene.app.sessions.role_changed(Scene::ACME, Person::Peer.id(), None).await;
    for role in [None, Some(RoleChoice::System(OrganizationRole::Member))] {
        let same = ChangeMemberRole { user: Person::Peer.id(), role, expected_version: None };
        assert_eq!(scene.run(Person::Admin, same).await.unwrap().version, 1);
    }
    assert_eq!(scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await, Ok(None));
}
