use async_trait::async_trait;
use tenon_domain::access::{Permissions, ProjectRole, Visibility};
use tenon_domain::tasks::TaskKey;
use tokio::sync::Semaphore;

use super::*;
use crate::in_memory::MemoryCache;
use crate::projects::{DeleteProject, ProjectRef};
use crate::unit_of_work::StoreError;

#[tokio::test]
async fn a_key_follows_the_task_that_has_it() {
    let scene = Scene::new();
    let key = || TaskRef::Key(TaskKey::parse("ENG-1").unwrap());
    assert_eq!(read(&scene, Person::Member, key()).await, Err(AppError::NotFound("task")));
    let first = scene.open_project(1, "ENG");
    let before = scene.run(Person::Admin, create_task(first)).await.unwrap().id;
    assert_eq!(read(&scene, Person::Member, key()).await.unwrap().id(), before.uuid());
    scene.run(Person::Admin, DeleteProject { project: ProjectRef::Id(first), expected_version: None }).await.unwrap();
    assert_eq!(read(&scene, Person::Member, key()).await, Err(AppError::NotFound("task")));
    let second = scene.open_project(2, "ENG");
    let after = scene.run(Person::Admin, create_task(second)).await.unwrap().id;
    assert_ne!(after, before);
    for _ in 0..2 {
        assert_eq!(read(&scene, Person::Member, key()).await.unwrap().id(), after.uuid());
    }
}

/// A store whose answers about keys are long on their way.
struct Distant {
    store: MemoryStore,
    asked: Semaphore,
    arrives: Semaphore,
}

#[async_trait]
impl DocumentSource for Distant {
    async fn task(&self, organization: OrganizationId, id: TaskId) -> Result<Option<TaskView>, StoreError> {
        self.store.task(organization, id).await
    }

    async fn task_id(&self, organization: OrganizationId, key: &TaskKey) -> Result<Option<TaskId>, StoreError> {
        let answer = self.store.task_id(organization, key).await;
        self.asked.add_permits(1);
        self.arrives.acquire().await.unwrap().forget();
        answer
    }

    async fn visibility(
        &self,
        organization: OrganizationId,
        project: ProjectId,
    ) -> Result<Option<Visibility>, StoreError> {
        self.store.visibility(organization, project).await
    }

    async fn project_role(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<ProjectRole>, StoreError> {
        self.store.project_role(organization, project, user).await
    }

    async fn explicit(
        &self,
        organization: OrganizationId,
        project: ProjectId,
        user: UserId,
    ) -> Result<Option<Permissions>, StoreError> {
        self.store.explicit(organization, project, user).await
    }

    async fn team_projects(&self, organization: OrganizationId, user: UserId) -> Result<Vec<ProjectId>, StoreError> {
        self.store.team_projects(organization, user).await
    }
}

#[tokio::test]
async fn who_asks_for_a_key_after_its_task_was_created_shares_no_answer_from_before() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let source = Arc::new(Distant { store: scene.store.clone(), asked: Semaphore::new(0), arrives: Semaphore::new(0) });
    let documents = Documents::new(Arc::new(MemoryCache::default()), source.clone());
    let (viewer, key) = (Person::Member.viewer(), TaskRef::Key(TaskKey::parse("ENG-1").unwrap()));
    let early = tokio::spawn({
        let (documents, key) = (documents.clone(), key.clone());
        async move { documents.task(viewer, &key, RENDERING).await }
    });
    source.asked.acquire().await.unwrap().forget();
    let task = scene.add_task(1, project, &[]);
    let late = documents.task(viewer, &key, RENDERING);
    let (late, ()) = tokio::join!(late, async { source.arrives.add_permits(2) });
    assert_eq!(late.unwrap().map(|document| document.id()), Some(task.uuid()));
    assert_eq!(early.await.unwrap(), Ok(None));
}
