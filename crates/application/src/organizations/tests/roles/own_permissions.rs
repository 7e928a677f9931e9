//! What somebody may do, as they are told.

use std::sync::Arc;

use tenon_domain::access::{ProjectRole, Scope, Scopes};
use tenon_domain::projects::ProjectKey;

use super::*;
use crate::actor::{Credential, Principal};
use crate::in_memory::project_id;
use crate::projects::{MockProjectQueries, ProjectRef};

/// A scene whose lists of projects hold the first one.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let mut queries = MockProjectQueries::new();
    queries.expect_find_id().returning(|_, project| match project {
        ProjectRef::Id(id) if *id != project_id(1) => Ok(None),
        _ => Ok(Some(project_id(1))),
    });
    scene.app.queries.projects = Arc::new(queries);
    scene
}

async fn ask(scene: &Scene, actor: &Actor, project: Option<ProjectRef>) -> Result<OwnPermissions, AppError> {
    scene.app.ask(actor, FindOwnPermissions { project }).await
}

#[tokio::test]
async fn everybody_is_told_what_they_may_do_in_the_organization() {
    let scene = scene();
    for who in [Person::Owner, Person::Admin, Person::Member, Person::Guest] {
        let own = ask(&scene, &who.actor(), None).await.unwrap();
        assert_eq!((own.role, own.permissions), (who.viewer().role, who.viewer().role.permissions()));
        assert_eq!((own.custom_role, own.project, own.scopes), (None, None, None));
    }
}

#[tokio::test]
async fn in_a_project_it_is_what_counts_there_and_a_hidden_one_does_not_exist() {
    let scene = scene();
    let key = || Some(ProjectRef::Key(ProjectKey::parse("ENG").unwrap()));
    scene.private_project(1, "ENG", &[(Person::Member, ProjectRole::Viewer)]);
    let own = ask(&scene, &Person::Member.actor(), key()).await.unwrap();
    assert_eq!(own.project, Some((project_id(1), ProjectRole::Viewer.permissions())));
    let absent = Err(AppError::NotFound("project"));
    assert_eq!(ask(&scene, &Person::Owner.actor(), key()).await, absent);
    assert_eq!(ask(&scene, &Person::Member.actor(), Some(ProjectRef::Id(project_id(2)))).await, absent);
}

#[tokio::test]
async fn a_custom_role_is_named_and_a_token_says_to_what_it_is_narrowed() {
    let mut scene = scene();
    let actor = holding(&scene, Person::Peer, OrganizationRole::Member, set(&[Permission::ViewOrganization]));
    let role = scene.store.data().custom_roles[0].1.clone();
    let mut queries = MockOrganizationQueries::new();
    queries.expect_role().returning(move |_, id| Ok((id == role.id).then(|| role.clone())));
    scene.app.queries.organizations = Arc::new(queries);
    let own = ask(&scene, &actor, None).await.unwrap();
    assert_eq!(own.custom_role.map(|held| held.name), Some(name("Role of Peer")));
    assert_eq!((own.role, own.permissions), (OrganizationRole::Member, set(&[Permission::ViewOrganization])));

    let scopes: Scopes = [Scope::OrganizationRead].into_iter().collect();
    for credential in [Credential::Token(Uuid::nil().into(), scopes), Credential::External(scopes)] {
        let principal = Principal::User { viewer: actor.viewer().unwrap(), credential };
        let by_token = Actor { principal, origin: Origin::default() };
        assert_eq!(ask(&scene, &by_token, None).await.unwrap().scopes, Some(scopes));
    }
}

#[tokio::test]
async fn the_table_of_permissions_is_for_everybody() {
    let scene = Scene::new();
    assert_eq!(scene.app.ask(&Person::Guest.actor(), ListPermissions).await, Ok(Permission::ALL));
}
