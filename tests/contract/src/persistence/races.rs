//! What is taken from somebody stays taken, however many of their requests were on their way.

use tenon_application::organizations::{ChangeMemberRole, RemoveMember, SuspendMember, UnsuspendMember};
use tenon_application::projects::{CreateProject, ProjectRef, RemoveProjectMember, SetProjectMember};
use tenon_application::{App, AppError, Command};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::projects::{ProjectKey, ProjectName};
use tokio::task::JoinHandle;

use super::fixture::{Fixture, Person};
use super::on_every_database;

on_every_database! {
    who_is_suspended_stays_out,
    who_is_made_less_stays_so,
    who_is_taken_out_of_a_project_does_not_come_back,
    who_is_removed_leaves_no_project_that_nobody_manages,
}

const REQUESTS: usize = 8;

/// Many times at once.
fn attempts<C: Command + Clone + 'static>(
    fixture: &Fixture,
    by: &Person,
    command: &C,
) -> Vec<JoinHandle<Result<C::Output, AppError>>> {
    let attempt = |app: App| {
        let (actor, command) = (by.actor.clone(), command.clone());
        tokio::spawn(async move { app.execute(&actor, command).await })
    };
    (0..REQUESTS).map(|_| attempt(fixture.app.clone())).collect()
}

/// Waits for all of them, however they end.
async fn end<T>(attempts: impl Iterator<Item = JoinHandle<Result<T, AppError>>>) {
    for attempt in attempts {
        drop(attempt.await.unwrap());
    }
}

async fn who_is_suspended_stays_out(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Admin).await;
    let unsuspend = UnsuspendMember { user: bob.viewer.user, expected_version: None };
    let back = attempts(fixture, &bob, &unsuspend);
    fixture.app.execute(&ada.actor, SuspendMember { user: bob.viewer.user, expected_version: None }).await.unwrap();
    let later = attempts(fixture, &bob, &unsuspend);
    end(back.into_iter().chain(later)).await;
    let mut unit = fixture.unit(&ada).await;
    assert!(!unit.members().find(bob.viewer.user).await.unwrap().unwrap().state().is_active());
}

async fn who_is_made_less_stays_so(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let change = |role: OrganizationRole| ChangeMemberRole {
        user: bob.viewer.user,
        role: Some(role.into()),
        expected_version: None,
    };
    let back = attempts(fixture, &bob, &change(OrganizationRole::Owner));
    fixture.app.execute(&ada.actor, change(OrganizationRole::Guest)).await.unwrap();
    let later = attempts(fixture, &bob, &change(OrganizationRole::Owner));
    end(back.into_iter().chain(later)).await;
    let mut unit = fixture.unit(&ada).await;
    let role = unit.members().find(bob.viewer.user).await.unwrap().unwrap().state().role;
    assert_eq!(role, OrganizationRole::Guest);
}

async fn who_is_taken_out_of_a_project_does_not_come_back(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let id = fixture.project(&ada, "SEC", Visibility::Private).await.id;
    let (project, user) = (ProjectRef::Id(id), bob.viewer.user);
    let set = SetProjectMember { project: project.clone(), user, role: ProjectRole::Manager.into() };
    fixture.app.execute(&ada.actor, set.clone()).await.unwrap();
    let back = attempts(fixture, &bob, &set);
    fixture.app.execute(&ada.actor, RemoveProjectMember { project, user }).await.unwrap();
    let later = attempts(fixture, &bob, &set);
    end(back.into_iter().chain(later)).await;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().role(id, user).await.unwrap(), None);
}

async fn who_is_removed_leaves_no_project_that_nobody_manages(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let create = |number: usize| CreateProject {
        key: ProjectKey::parse(&format!("SEC{number}")).unwrap(),
        name: ProjectName::parse("Secret").unwrap(),
        description: None,
        visibility: Visibility::Private,
        lead_id: None,
    };
    let made = (0..REQUESTS).map(|number| {
        let (app, actor, create) = (fixture.app.clone(), bob.actor.clone(), create(number));
        tokio::spawn(async move { app.execute(&actor, create).await })
    });
    let made: Vec<_> = made.collect();
    fixture.app.execute(&ada.actor, RemoveMember { user: bob.viewer.user, expected_version: None }).await.unwrap();
    for made in made {
        if let Ok(project) = made.await.unwrap() {
            let mut unit = fixture.unit(&ada).await;
            assert_eq!(unit.projects().count_managers(project.id, None).await.unwrap(), 1, "{}", project.key);
        }
    }
}
