mod keys;

use std::sync::Arc;

use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::tasks::TaskTitle;
use tenon_domain::{ProjectId, UserId};

use super::*;
use crate::in_memory::{MemoryCache, MemoryStore, Person, Scene, create_task};
use crate::organizations::{ChangeMemberRole, RemoveMember};
use crate::projects::{DeleteProject, EditProject, ProjectFields, ProjectRef, RemoveProjectMember, SetProjectMember};
use crate::tasks::{DeleteTask, EditTask, ReadTask, RestoreTask, TaskFields, TransitionTask};

const RENDERING: Rendering<TaskView> = Rendering { shape: 1, render: |task| Ok(format!("{task:?}")) };

/// All that could be cached of what is and was stored.
#[derive(Clone, Default)]
pub(crate) struct Everything {
    tasks: Vec<(OrganizationId, TaskId)>,
    projects: Vec<(OrganizationId, ProjectId)>,
    users: Vec<UserId>,
}

impl Everything {
    pub(crate) fn of(store: &MemoryStore) -> Self {
        let data = store.data();
        Self {
            tasks: data.tasks.iter().map(|(org, it)| (*org, it.id)).collect(),
            projects: data.projects.iter().map(|(org, it)| (*org, it.id)).collect(),
            users: data.users.iter().map(|it| it.id).collect(),
        }
    }

    /// Reads everything, which fills the cache. What is inside a project that is gone is gone with it, whatever is
    /// still cached of it: nobody is answered from that.
    pub(crate) async fn read(&self, documents: &Documents) -> Vec<String> {
        let mut found = Vec::new();
        for (org, id) in &self.tasks {
            let mut task = documents.rendered_task(*org, *id, RENDERING).await.unwrap();
            if let Some(document) = &task
                && documents.visibility(*org, document.project()).await.unwrap().is_none()
            {
                task = None;
            }
            found.push(format!("{id}: {:?}", task.as_ref().map(Document::body)));
        }
        for (org, id) in &self.projects {
            let visibility = documents.visibility(*org, *id).await.unwrap();
            found.push(format!("{id}: {visibility:?}"));
            for user in self.users.iter().filter(|_| visibility.is_some()) {
                let role = documents.project_role(*org, *id, *user).await.unwrap();
                let by_team = documents.is_in_by_team(*org, *id, *user).await.unwrap();
                found.push(format!("{user} in {id}: {role:?}, by a team: {by_team}"));
            }
        }
        found
    }
}

/// The same documents with nothing in the cache.
pub(crate) fn unfilled(store: &MemoryStore) -> Documents {
    Documents::new(Arc::new(MemoryCache::default()), Arc::new(store.clone()))
}

async fn read(scene: &Scene, who: Person, task: TaskRef) -> Result<Document, AppError> {
    scene.app.ask(&who.actor(), ReadTask { task, rendering: RENDERING }).await
}

async fn sees(scene: &Scene, who: Person, task: TaskId) -> bool {
    match read(scene, who, TaskRef::Id(task)).await {
        Ok(document) => document.id() == task.uuid(),
        Err(error) => {
            assert_eq!(error, AppError::NotFound("task"));
            false
        }
    }
}

#[tokio::test]
async fn what_was_read_once_is_not_asked_for_again() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let task = scene.add_task(1, project, &[]);
    let first = read(&scene, Person::Member, TaskRef::Id(task)).await.unwrap();
    assert!(first.body().contains("Fix the door"));
    // Behind the application's back, so that nobody tells the cache.
    scene.store.data().tasks.clear();
    assert_eq!(read(&scene, Person::Member, TaskRef::Id(task)).await, Ok(first.clone()));
    let other = unfilled(&scene.store);
    assert_eq!(other.task(Person::Member.viewer(), &TaskRef::Id(task), RENDERING).await, Ok(None));
}

#[tokio::test]
async fn the_next_read_after_a_change_shows_it() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let id = scene.run(Person::Member, create_task(project)).await.unwrap().id;
    let title = TaskTitle::parse("Mend the door").ok();
    let edit = EditTask {
        task: TaskRef::Id(id),
        fields: TaskFields { title, ..TaskFields::default() },
        expected_version: None,
    };
    scene.run(Person::Member, edit).await.unwrap();
    let document = read(&scene, Person::Peer, TaskRef::Id(id)).await.unwrap();
    assert_eq!(document.version(), 2);
    assert!(document.body().contains("Mend the door"));
    let done = TransitionTask { task: TaskRef::Id(id), status: "done".to_owned(), expected_version: None };
    scene.run(Person::Member, done).await.unwrap();
    assert_eq!(read(&scene, Person::Peer, TaskRef::Id(id)).await.unwrap().version(), 3);
    scene.run(Person::Member, DeleteTask { task: TaskRef::Id(id), expected_version: None }).await.unwrap();
    assert!(!sees(&scene, Person::Peer, id).await, "in the trash");
    scene.run(Person::Member, RestoreTask { task: TaskRef::Id(id) }).await.unwrap();
    assert!(sees(&scene, Person::Peer, id).await);
}

#[tokio::test]
async fn a_task_that_did_not_exist_is_found_once_it_does() {
    // Ids are counted, so that a second scene gives the same ones.
    let elsewhere = Scene::new();
    let id = elsewhere.run(Person::Member, create_task(elsewhere.open_project(1, "ENG"))).await.unwrap().id;
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    assert!(!sees(&scene, Person::Member, id).await);
    assert_eq!(scene.run(Person::Member, create_task(project)).await.unwrap().id, id);
    assert!(sees(&scene, Person::Member, id).await);
}

#[tokio::test]
async fn who_lost_access_is_not_answered_from_the_cache() {
    let scene = Scene::new();
    let members = [(Person::Owner, ProjectRole::Manager), (Person::Peer, ProjectRole::Contributor)];
    let project = scene.private_project(1, "ENG", &members);
    let task = scene.add_task(1, project, &[Person::Peer]);
    assert!(sees(&scene, Person::Owner, task).await && sees(&scene, Person::Peer, task).await);
    for outsider in [Person::Admin, Person::Member, Person::Guest, Person::Stranger] {
        assert!(!sees(&scene, outsider, task).await, "{outsider:?}");
    }
    let reference = ProjectRef::Id(project);
    let remove = RemoveProjectMember { project: reference.clone(), user: Person::Peer.id() };
    scene.run(Person::Owner, remove).await.unwrap();
    assert!(!sees(&scene, Person::Peer, task).await, "removed");
    assert_eq!(read(&scene, Person::Owner, TaskRef::Id(task)).await.unwrap().version(), 2, "and unassigned");
    let add =
        SetProjectMember { project: reference.clone(), user: Person::Guest.id(), role: ProjectRole::Viewer.into() };
    scene.run(Person::Owner, add).await.unwrap();
    assert!(sees(&scene, Person::Guest, task).await, "added");
    let open = |visibility| EditProject {
        project: ProjectRef::Id(project),
        fields: ProjectFields { visibility: Some(visibility), ..ProjectFields::default() },
        expected_version: None,
    };
    scene.run(Person::Owner, open(Visibility::Organization)).await.unwrap();
    assert!(sees(&scene, Person::Member, task).await, "open to the organization");
    let mut demoted = Person::Member.viewer();
    demoted.role = OrganizationRole::Guest;
    let found = scene.app.documents.task(demoted, &TaskRef::Id(task), RENDERING).await.unwrap();
    assert_eq!(found, None, "demoted to guest");
    scene.run(Person::Owner, open(Visibility::Private)).await.unwrap();
    assert!(!sees(&scene, Person::Member, task).await, "private again");
    scene.run(Person::Owner, DeleteProject { project: reference, expected_version: None }).await.unwrap();
    for everybody in [Person::Owner, Person::Guest, Person::Member] {
        assert!(!sees(&scene, everybody, task).await, "deleted");
    }
}

#[tokio::test]
async fn roles_do_not_survive_leaving_the_organization() {
    let scene = Scene::new();
    let members = [(Person::Owner, ProjectRole::Viewer), (Person::Peer, ProjectRole::Manager)];
    let project = scene.private_project(1, "ENG", &members);
    let task = scene.add_task(1, project, &[Person::Peer]);
    assert!(sees(&scene, Person::Peer, task).await);
    let demote = ChangeMemberRole {
        user: Person::Peer.id(),
        role: Some(OrganizationRole::Guest.into()),
        expected_version: None,
    };
    scene.run(Person::Owner, demote).await.unwrap();
    let remove = RemoveMember { user: Person::Peer.id(), expected_version: None };
    scene.run(Person::Owner, remove).await.unwrap();
    // As if they had been invited again, before anything expired.
    assert!(!sees(&scene, Person::Peer, task).await);
    assert!(read(&scene, Person::Owner, TaskRef::Id(task)).await.unwrap().version() > 1, "nobody is assigned any more");
}

#[tokio::test]
async fn another_shape_is_not_answered_with() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let task = TaskRef::Id(scene.add_task(1, project, &[]));
    read(&scene, Person::Member, task.clone()).await.unwrap();
    let next = Rendering { shape: 2, render: |task: TaskView| Ok(format!("next: {}", task.title)) };
    for _ in 0..3 {
        let found = scene.app.documents.task(Person::Member.viewer(), &task, next).await.unwrap();
        assert_eq!(found.unwrap().body(), "next: Fix the door");
    }
    assert!(read(&scene, Person::Member, task).await.unwrap().body().contains("TaskView"));
}
