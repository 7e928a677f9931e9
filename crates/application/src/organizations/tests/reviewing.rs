//! Requests that were on their way when something was taken from their actor, who was found out before.

use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::identity::Email;

use super::*;
use crate::actor::Denial;
use crate::in_memory::{Person, Scene};
use crate::projects::{EditProject, ProjectFields, ProjectRef, SetProjectMember};

fn change(who: Person, role: OrganizationRole) -> ChangeMemberRole {
    ChangeMemberRole { user: who.id(), role: Some(role.into()), expected_version: None }
}

fn out<T>() -> Result<T, AppError> {
    Err(AppError::Unauthenticated(Denial::EndedSession))
}

#[tokio::test]
async fn who_is_suspended_does_not_let_themselves_in_again() {
    let scene = Scene::new();
    scene.run(Person::Owner, SuspendMember { user: Person::Admin.id(), expected_version: None }).await.unwrap();
    let back = UnsuspendMember { user: Person::Admin.id(), expected_version: None };
    assert_eq!(scene.run(Person::Admin, back).await, out());
    let invitation = CreateInvitation {
        email: Email::parse("accomplice@example.com").unwrap(),
        role: OrganizationRole::Member.into(),
    };
    assert_eq!(scene.run(Person::Admin, invitation).await, out());
}

#[tokio::test]
async fn who_is_less_now_does_not_make_themselves_more_again() {
    let scene = Scene::new();
    scene.run(Person::Owner, change(Person::Admin, OrganizationRole::Guest)).await.unwrap();
    let again = scene.run(Person::Admin, change(Person::Admin, OrganizationRole::Admin)).await;
    assert_eq!(again, refused(Permission::ManageMembers));
}

#[tokio::test]
async fn who_managed_open_projects_as_an_admin_does_not_stay_in_one() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    scene.run(Person::Owner, change(Person::Admin, OrganizationRole::Member)).await.unwrap();
    let project = ProjectRef::Id(project);
    let stay =
        SetProjectMember { project: project.clone(), user: Person::Admin.id(), role: ProjectRole::Manager.into() };
    assert_eq!(scene.run(Person::Admin, stay).await, refused(Permission::ManageProjectMembers));
    let hide = ProjectFields { visibility: Some(Visibility::Private), ..ProjectFields::default() };
    let hide = EditProject { project, fields: hide, expected_version: None };
    assert!(matches!(scene.run(Person::Admin, hide).await, Err(AppError::Forbidden(_))));
}
