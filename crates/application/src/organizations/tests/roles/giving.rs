//! Who gets a custom role, and when it counts.

use tenon_domain::access::OrganizationAccess;
use tenon_domain::identity::{DisplayName, Email};

use super::super::accepting::{accept, find_addresses};
use super::*;

fn give(who: Person, role: impl Into<RoleChoice>) -> ChangeMemberRole {
    ChangeMemberRole { user: who.id(), role: Some(role.into()), expected_version: None }
}

async fn access(scene: &Scene, who: Person) -> OrganizationAccess {
    scene.app.sessions.role(Scene::ACME, who.id()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_member_has_what_the_role_says_from_then_on_and_what_it_is_changed_to() {
    let scene = Scene::new();
    let role = make(&scene, new("Auditor", &[Permission::ViewAuditLog])).await;
    let view = scene.run(Person::Admin, give(Person::Guest, RoleChoice::Custom(role.id))).await.unwrap();
    assert_eq!(view.role, OrganizationRole::Member, "the base");
    assert_eq!(view.custom_role.map(|held| held.name), Some(role.name.clone()));
    let now = access(&scene, Person::Guest).await;
    assert_eq!((now.custom_role, now.permissions), (Some(role.id), role.permissions));

    scene.run(Person::Admin, edit(role.id, &[Permission::ViewMembers])).await.unwrap();
    let now = access(&scene, Person::Guest).await;
    assert!(now.allows(Permission::ViewMembers) && !now.allows(Permission::ViewAuditLog));

    let view = scene.run(Person::Admin, give(Person::Guest, OrganizationRole::Guest)).await.unwrap();
    assert_eq!((view.role, view.custom_role), (OrganizationRole::Guest, None));
    assert_eq!(access(&scene, Person::Guest).await, OrganizationRole::Guest.into());
}

#[tokio::test]
async fn a_role_that_somebody_has_is_not_deleted() {
    let scene = Scene::new();
    let role = make(&scene, new("Auditor", &[])).await.id;
    scene.run(Person::Owner, give(Person::Peer, RoleChoice::Custom(role))).await.unwrap();
    assert_eq!(scene.run(Person::Owner, delete(role)).await, broken(OrganizationError::RoleInUse));
    scene.run(Person::Owner, give(Person::Peer, OrganizationRole::Member)).await.unwrap();
    assert_eq!(scene.run(Person::Owner, delete(role)).await, Ok(()));
}

#[tokio::test]
async fn only_roles_for_members_that_exist_are_given_to_members() {
    let scene = Scene::new();
    let unknown = RoleChoice::Custom(CustomRoleId::new(Uuid::nil()));
    assert_eq!(scene.run(Person::Owner, give(Person::Peer, unknown)).await, broken(OrganizationError::RoleUnknown));
    let tester = RoleChoice::Custom(make(&scene, for_projects("Tester", &[])).await.id);
    assert_eq!(scene.run(Person::Owner, give(Person::Peer, tester)).await, broken(OrganizationError::RoleWrongLevel));
    let theirs = CreateRole { role: new("Theirs", &[]) };
    let theirs = RoleChoice::Custom(scene.run(Person::Stranger, theirs).await.unwrap().id);
    assert_eq!(scene.run(Person::Owner, give(Person::Peer, theirs)).await, broken(OrganizationError::RoleUnknown));
}

#[tokio::test]
async fn an_owner_who_is_given_a_custom_role_owns_no_more() {
    let scene = Scene::new();
    let role = RoleChoice::Custom(make(&scene, new("Auditor", &[])).await.id);
    assert_eq!(scene.run(Person::Owner, give(Person::Owner, role)).await, broken(OrganizationError::LastOwner));
}

#[tokio::test]
async fn programs_get_custom_roles_and_more_than_members_may_only_from_owners() {
    let scene = Scene::new();
    let create = |role| CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role };
    let modest = RoleChoice::Custom(make(&scene, new("Modest", &[Permission::ViewMembers])).await.id);
    let view = scene.run(Person::Admin, create(modest)).await.unwrap();
    assert_eq!(view.custom_role.map(|held| held.name), Some(name("Modest")));
    let auditor = RoleChoice::Custom(make(&scene, new("Auditor", &[Permission::ViewAuditLog])).await.id);
    assert_eq!(scene.run(Person::Admin, create(auditor)).await, refused(Permission::ManageOwners));
    assert!(scene.run(Person::Owner, create(auditor)).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_for_a_role_as_long_as_there_is_one() {
    for is_deleted in [false, true] {
        let mut scene = Scene::new();
        let role = make(&scene, new("Auditor", &[Permission::ViewAuditLog])).await;
        let email = Email::parse("new@example.com").unwrap();
        let invite = CreateInvitation { email, role: RoleChoice::Custom(role.id) };
        let invitation = scene.run(Person::Admin, invite).await.unwrap();
        assert_eq!(invitation.custom_role.map(|held| held.id), Some(role.id));
        if is_deleted {
            // An invitation is no reason to keep a role.
            scene.run(Person::Admin, delete(role.id)).await.unwrap();
        }
        find_addresses(&mut scene);
        let joined = accept(&scene, &invitation.id.to_string(), Some("Nora"), Some("long enough")).await;
        if is_deleted {
            assert_eq!(joined.map(drop), broken(OrganizationError::InvitationRevoked));
        } else {
            let joined = joined.unwrap();
            assert_eq!(joined.organization.custom_role.map(|held| held.name), Some(name("Auditor")));
            let access = scene.app.sessions.role(Scene::ACME, joined.user.id).await.unwrap().unwrap();
            assert_eq!((access.custom_role, access.permissions), (Some(role.id), role.permissions));
        }
    }
}

#[tokio::test]
async fn who_signs_in_sees_their_role() {
    let scene = Scene::new();
    holding(&scene, Person::Peer, OrganizationRole::Guest, set(&[Permission::ViewOrganization]));
    let (accounts, _) = crate::in_memory::sign_in_service(&scene);
    let password = tenon_domain::identity::Password::attempt("Peer's password".to_owned());
    let signed_in = accounts.login(&Actor::anonymous(Origin::default()), "peer@example.com", password).await.unwrap();
    assert_eq!(signed_in.organization.role, OrganizationRole::Guest);
    assert_eq!(signed_in.organization.custom_role.map(|held| held.name), Some(name("Role of Peer")));
}
