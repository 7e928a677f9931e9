use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{DisplayName, Email, UserKind};
use tenon_domain::organizations::OrganizationError;

use super::*;
use crate::identity::IdentityQueries;
use crate::in_memory::{Person, Scene, at};

fn create(role: OrganizationRole) -> CreateServiceAccount {
    CreateServiceAccount { name: DisplayName::parse("Importer").unwrap(), role: role.into() }
}

#[tokio::test]
async fn a_service_account_is_a_member_without_a_password() {
    let scene = Scene::new();
    let account = scene.run(Person::Admin, create(OrganizationRole::Member)).await.unwrap();
    assert_eq!(
        (account.name.as_str(), account.role, account.created_at),
        ("Importer", OrganizationRole::Member, at(10))
    );
    assert_eq!(scene.told(), ["service_account.created", "organization.member_joined"]);
    assert_eq!(scene.app.sessions.role(Scene::ACME, account.id).await, Ok(Some(OrganizationRole::Member.into())));
    let user = scene.store.data().users.last().unwrap().clone();
    assert_eq!((user.id, user.kind), (account.id, UserKind::Service));
    assert_eq!(scene.store.credentials(&Email::of_service(account.id)).await, Ok(None), "nobody signs in to it");
}

#[tokio::test]
async fn only_owners_make_programs_that_administer_and_nobody_makes_one_that_owns() {
    let scene = Scene::new();
    let member = scene.run(Person::Member, create(OrganizationRole::Guest)).await;
    assert_eq!(member, refused(Permission::ManageMembers));
    let admin = scene.run(Person::Admin, create(OrganizationRole::Admin)).await;
    assert_eq!(admin, refused(Permission::ManageOwners));
    assert_eq!(
        scene.run(Person::Owner, create(OrganizationRole::Owner)).await,
        broken(OrganizationError::ServiceAccountOwner)
    );
    assert!(scene.run(Person::Owner, create(OrganizationRole::Admin)).await.is_ok());
}

#[tokio::test]
async fn nor_does_it_get_there_by_another_way() {
    let scene = Scene::new();
    let user = scene.run(Person::Owner, create(OrganizationRole::Member)).await.unwrap().id;
    let promote = |role: OrganizationRole| ChangeMemberRole { user, role: Some(role.into()), expected_version: None };
    assert_eq!(
        scene.run(Person::Owner, promote(OrganizationRole::Owner)).await,
        broken(OrganizationError::ServiceAccountOwner)
    );
    assert_eq!(scene.run(Person::Admin, promote(OrganizationRole::Admin)).await, refused(Permission::ManageOwners));
    assert!(scene.run(Person::Owner, promote(OrganizationRole::Admin)).await.is_ok());
    assert!(scene.run(Person::Admin, promote(OrganizationRole::Guest)).await.is_ok(), "taking a role is for admins");
}

#[tokio::test]
async fn a_service_account_goes_from_its_organization_and_a_person_is_none() {
    let scene = Scene::new();
    let account = scene.run(Person::Admin, create(OrganizationRole::Member)).await.unwrap().id;
    let delete = |account| DeleteServiceAccount { account };
    assert_eq!(scene.run(Person::Member, delete(account)).await, refused(Permission::ManageMembers));
    let absent = Err(AppError::NotFound("service_account"));
    assert_eq!(scene.run(Person::Stranger, delete(account)).await, absent);
    assert_eq!(scene.run(Person::Owner, delete(Person::Peer.id())).await, absent);
    assert_eq!(scene.run(Person::Admin, delete(account)).await, Ok(()));
    assert_eq!(scene.app.sessions.role(Scene::ACME, account).await, Ok(None));
    assert_eq!(scene.run(Person::Admin, delete(account)).await, absent);
    assert!(scene.store.data().users.iter().any(|it| it.id == account), "what it did stays under its name");
}
