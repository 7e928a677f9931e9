use tenon_domain::access::{OrganizationRole, Scope};
use tenon_domain::identity::{DisplayName, Email, UserKind};
use tenon_domain::organizations::OrganizationError;

use super::*;
use crate::actor::{Actor, Credential, Origin, Principal, Viewer};
use crate::identity::{EditProfile, IdentityQueries};
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
    let delete = |account| DeleteServiceAccount { account, expected_version: None };
    assert_eq!(scene.run(Person::Member, delete(account)).await, refused(Permission::ManageMembers));
    let absent = Err(AppError::NotFound("service_account"));
    assert_eq!(scene.run(Person::Stranger, delete(account)).await, absent);
    assert_eq!(scene.run(Person::Owner, delete(Person::Peer.id())).await, absent);
    assert_eq!(scene.run(Person::Admin, delete(account)).await, Ok(()));
    assert_eq!(scene.app.sessions.role(Scene::ACME, account).await, Ok(None));
    assert_eq!(scene.run(Person::Admin, delete(account)).await, absent);
    assert!(scene.store.data().users.iter().any(|it| it.id == account), "what it did stays under its name");
}

fn edit(account: &ServiceAccountView, name: Option<&str>, role: Option<OrganizationRole>) -> EditServiceAccount {
    EditServiceAccount {
        account: account.id,
        name: name.map(|name| DisplayName::parse(name).unwrap()),
        role: role.map(Into::into),
        expected_version: None,
    }
}

#[tokio::test]
async fn its_name_and_its_role_are_changed_and_each_makes_a_version() {
    let scene = Scene::new();
    let made = scene.run(Person::Admin, create(OrganizationRole::Member)).await.unwrap();
    assert_eq!(made.version, 1);
    scene.clock.set(20);
    let renamed = scene.run(Person::Admin, edit(&made, Some("Exporter"), None)).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.version, renamed.updated_at), ("Exporter", 2, at(20)));
    assert_eq!((renamed.role, renamed.created_at), (OrganizationRole::Member, at(10)));
    let demoted = scene.run(Person::Admin, edit(&made, None, Some(OrganizationRole::Guest))).await.unwrap();
    assert_eq!((demoted.role, demoted.version), (OrganizationRole::Guest, 3));
    assert_eq!(scene.app.sessions.role(Scene::ACME, made.id).await, Ok(Some(OrganizationRole::Guest.into())));
    let same = edit(&made, Some("Exporter"), Some(OrganizationRole::Guest));
    assert_eq!(scene.run(Person::Admin, same).await.unwrap(), demoted, "nothing has changed");

    let stale = EditServiceAccount { expected_version: Some(2), ..edit(&made, Some("Late"), None) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let stale = DeleteServiceAccount { account: made.id, expected_version: Some(2) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let delete = DeleteServiceAccount { account: made.id, expected_version: Some(3) };
    assert_eq!(scene.run(Person::Admin, delete).await, Ok(()));
}

#[tokio::test]
async fn it_is_changed_by_those_who_may_give_what_it_has() {
    let scene = Scene::new();
    let modest = scene.run(Person::Admin, create(OrganizationRole::Member)).await.unwrap();
    let powerful = scene.run(Person::Owner, create(OrganizationRole::Admin)).await.unwrap();
    let rename = |account| edit(account, Some("Exporter"), None);
    assert_eq!(scene.run(Person::Member, rename(&modest)).await, refused(Permission::ManageMembers));
    let absent = Err(AppError::NotFound("service_account"));
    assert_eq!(scene.run(Person::Stranger, rename(&modest)).await, absent);
    let person = EditServiceAccount { account: Person::Peer.id(), ..rename(&modest) };
    assert_eq!(scene.run(Person::Owner, person).await, absent);
    let promote = |role| edit(&modest, Some("Exporter"), Some(role));
    let by_admin = scene.run(Person::Admin, promote(OrganizationRole::Admin)).await;
    assert_eq!(by_admin, refused(Permission::ManageOwners));
    let to_owner = scene.run(Person::Owner, promote(OrganizationRole::Owner)).await;
    assert_eq!(to_owner, broken(OrganizationError::ServiceAccountOwner));
    let names: Vec<_> = scene.store.data().users.iter().map(|it| it.display_name.to_string()).collect();
    assert!(!names.contains(&"Exporter".to_owned()), "all of it or nothing");
    assert!(scene.run(Person::Admin, rename(&powerful)).await.is_ok(), "an admin may do what it may");
}

#[tokio::test]
async fn it_does_not_rename_itself() {
    let scene = Scene::new();
    let account = scene.run(Person::Owner, create(OrganizationRole::Member)).await.unwrap().id;
    let viewer = Viewer::new(account, Scene::ACME, OrganizationRole::Member);
    let scopes = [Scope::ProfileWrite].into_iter().collect();
    let credential = Credential::Token(tenon_domain::TokenId::new(uuid::Uuid::from_u128(7)), scopes);
    let robot = Actor { principal: Principal::User { viewer, credential }, origin: Origin::default() };
    let rename = EditProfile { display_name: DisplayName::parse("Boss").ok(), expected_version: None };
    assert_eq!(scene.app.execute(&robot, rename).await, Err(AppError::ManagedByOthers));
}
