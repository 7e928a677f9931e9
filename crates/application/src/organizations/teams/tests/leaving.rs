//! Access that came by a team goes with it.

use tenon_domain::{ProjectId, TaskId};

use super::*;
use crate::organizations::{ChangeMemberRole, RemoveMember};
use crate::tasks::{EditTask, TaskFields, TaskRef};

/// A private project of the member, a team with the peer and the guest in it, and a task that both are assigned to.
fn story(scene: &Scene) -> (ProjectId, TeamId, TaskId) {
    let project = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let team = scene.add_team(1, &[Person::Peer, Person::Guest], &[(project, ProjectRole::Contributor)]);
    let task = scene.add_task(1, project, &[Person::Peer, Person::Guest, Person::Member]);
    (project, team, task)
}

fn assignees(scene: &Scene, task: TaskId) -> Vec<tenon_domain::UserId> {
    let data = scene.store.data();
    let (_, task) = data.tasks.iter().find(|(_, it)| it.id == task).unwrap();
    task.assignees.as_slice().to_vec()
}

fn lead(scene: &Scene, who: Person) {
    scene.store.data().projects[0].1.lead_id = Some(who.id());
}

async fn edits(scene: &Scene, who: Person, task: TaskId) -> bool {
    let edit = EditTask { task: TaskRef::Id(task), fields: TaskFields::default(), expected_version: None };
    match scene.run(who, edit).await {
        Ok(_) => true,
        Err(error) => {
            assert!(matches!(error, AppError::NotFound(_)), "{error}");
            false
        }
    }
}

#[tokio::test]
async fn who_leaves_a_team_loses_what_they_had_through_it_alone() {
    let scene = Scene::new();
    let (project, team, task) = story(&scene);
    lead(&scene, Person::Peer);
    assert!(edits(&scene, Person::Peer, task).await && edits(&scene, Person::Guest, task).await);
    assert!(!edits(&scene, Person::Admin, task).await, "a private project");
    scene.run(Person::Admin, remove(team, Person::Peer)).await.unwrap();
    assert!(!edits(&scene, Person::Peer, task).await && edits(&scene, Person::Guest, task).await);
    assert_eq!(assignees(&scene, task), [Person::Guest.id(), Person::Member.id()]);
    assert_eq!(scene.store.data().projects[0].1.lead_id, None, "who is out of a private project does not lead it");

    // A second team, which is in the project as well.
    scene.add_team(2, &[Person::Guest], &[(project, VIEWER)]);
    scene.run(Person::Admin, remove(team, Person::Guest)).await.unwrap();
    assert_eq!(assignees(&scene, task), [Person::Guest.id(), Person::Member.id()]);
}

#[tokio::test]
async fn a_deleted_team_takes_its_access_along() {
    let scene = Scene::new();
    let (_, team, task) = story(&scene);
    lead(&scene, Person::Member);
    scene.run(Person::Admin, DeleteTeam { team, expected_version: None }).await.unwrap();
    for who in [Person::Peer, Person::Guest] {
        assert!(!edits(&scene, who, task).await, "{who:?}");
    }
    assert!(edits(&scene, Person::Member, task).await);
    assert_eq!(assignees(&scene, task), [Person::Member.id()]);
    let data = scene.store.data();
    assert_eq!(data.projects[0].1.lead_id, Some(Person::Member.id()));
    assert_eq!((data.team_members.len(), data.team_roles.len()), (0, 0));
}

#[tokio::test]
async fn who_leaves_the_organization_leaves_its_teams() {
    let scene = Scene::new();
    let (_, team, _) = story(&scene);
    let demote = ChangeMemberRole {
        user: Person::Peer.id(),
        role: Some(OrganizationRole::Guest.into()),
        expected_version: None,
    };
    scene.run(Person::Owner, demote).await.unwrap();
    scene.run(Person::Owner, RemoveMember { user: Person::Peer.id(), expected_version: None }).await.unwrap();
    let data = scene.store.data();
    assert_eq!(data.team_members, [(team, Person::Guest.id(), at(0))]);
    assert_eq!(data.teams[0].1.version, 2, "its representation is another one");
}
