use tenon_domain::organizations::{OrganizationError, OrganizationName};

use super::*;
use crate::command::Tenancy;
use crate::in_memory::{Person, Scene};

fn found(name: &str) -> CreateOrganization {
    CreateOrganization { name: OrganizationName::parse(name).unwrap() }
}

#[tokio::test]
async fn who_founds_an_organization_owns_it() {
    let scene = Scene::new();
    let view = scene.run(Person::Guest, found("Own")).await.unwrap();
    assert_eq!((view.name.as_str(), view.role.as_str(), view.version), ("Own", "owner", 1));
    assert_eq!(scene.told(), ["organization.created", "organization.member_joined"]);
    let data = scene.store.data();
    assert!(
        data.events.iter().all(|event| event.organization() == Some(view.id)),
        "the events belong to the new tenant"
    );
    assert!(data.members.iter().any(|(org, it)| *org == view.id && it.user_id == Person::Guest.id()));
}

#[tokio::test]
async fn a_deployment_for_one_organization_founds_no_second() {
    let mut scene = Scene::new();
    scene.app.tenancy = Tenancy::Single;
    assert_eq!(scene.run(Person::Owner, found("Second")).await, broken(OrganizationError::SingleTenancy));
    scene.store.data().organizations.clear();
    assert!(scene.run(Person::Owner, found("First")).await.is_ok());
}

#[tokio::test]
async fn owners_and_admins_rename_their_organization() {
    let scene = Scene::new();
    let rename = |expected_version| EditOrganization {
        name: OrganizationName::parse("Ajax").ok(),
        require_mfa: None,
        expected_version,
    };
    assert_eq!(scene.run(Person::Member, rename(None)).await, refused(Permission::EditOrganization));
    assert_eq!(scene.run(Person::Admin, rename(Some(2))).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.run(Person::Admin, rename(Some(1))).await.unwrap().name, "Ajax");
    assert_eq!(scene.told(), ["permission.denied", "organization.updated"]);
}
