//! Reads of single entities, answered from the cache.
//!
//! A **document** is an entity as the API answers it, already rendered: reading it again costs neither a query nor a
//! serialization. It is the same for everybody, so who may see it is asked on every read, of what the cache knows
//! about the **access** to its project. Every commit says which documents and accesses it **touched**; they are
//! forgotten on every instance before the caller gets the answer. What is kept comes from the primary database,
//! never from a replica.

mod access;
mod document;
mod flights;
mod ports;
mod read_through;
mod touched;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenon_domain::tasks::TaskKey;
use tenon_domain::{OrganizationId, TaskId};
use uuid::Uuid;

pub use self::document::{Document, Rendering};
pub use self::ports::DocumentSource;
use self::read_through::{Loaded, ReadThrough};
pub use self::touched::{Resource, Touched};
use crate::actor::Viewer;
use crate::error::AppError;
use crate::ports::Cache;
use crate::tasks::{TaskRef, TaskView};

/// The safety net, should an invalidation be lost.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);
/// How long it is known that something does not exist. Creating it ends that at once.
const ABSENCE: Duration = Duration::from_secs(5);

/// Documents from the cache or the database.
#[derive(Clone)]
pub struct Documents {
    entries: Arc<ReadThrough>,
    source: Arc<dyn DocumentSource>,
    cached: bool,
}

impl Documents {
    pub fn new(cache: Arc<dyn Cache>, source: Arc<dyn DocumentSource>) -> Self {
        Self { entries: Arc::new(ReadThrough::new(cache)), source, cached: true }
    }

    /// Reads past the cache, always. Changes are still announced, to instances that do not.
    pub fn uncached(self) -> Self {
        Self { cached: false, ..self }
    }

    pub fn are_cached(&self) -> bool {
        self.cached
    }

    /// The task, if the viewer may see it and it is not in the trash.
    pub async fn task(
        &self,
        viewer: Viewer,
        task: &TaskRef,
        rendering: Rendering<TaskView>,
    ) -> Result<Option<Document>, AppError> {
        let key = match task {
            TaskRef::Id(id) => return self.task_by_id(viewer, *id, rendering).await,
            TaskRef::Key(key) => key,
        };
        let organization = viewer.organization;
        let Some(known) = self.task_id(organization, key).await? else { return Ok(None) };
        if let Some(document) = self.task_by_id(viewer, known, rendering).await? {
            return Ok(Some(document));
        }
        // Keys are free again after their project was deleted: this one may be that of another task by now.
        match self.source.task_id(organization, key).await? {
            Some(present) if present != known => {
                self.entries.forget(&[task_id_key(organization, key)]).await;
                self.task_by_id(viewer, present, rendering).await
            }
            _ => Ok(None),
        }
    }

    /// Forgets what a commit touched, on every instance.
    pub async fn forget(&self, touched: &[Touched]) {
        if !touched.is_empty() {
            self.entries.forget(&touched::keys(touched)).await;
        }
    }

    async fn task_by_id(
        &self,
        viewer: Viewer,
        id: TaskId,
        rendering: Rendering<TaskView>,
    ) -> Result<Option<Document>, AppError> {
        let Some(document) = self.rendered_task(viewer.organization, id, rendering).await? else { return Ok(None) };
        let visible = self.can_see(viewer, document.project()).await?;
        Ok(visible.then_some(document))
    }

    /// The task, whoever may see it.
    async fn rendered_task(
        &self,
        organization: OrganizationId,
        id: TaskId,
        rendering: Rendering<TaskView>,
    ) -> Result<Option<Document>, AppError> {
        let load = || async {
            let Some(view) = self.source.task(organization, id).await? else {
                return Ok(Loaded::new(Document::ABSENT, ABSENCE));
            };
            let (version, project) = (view.version, view.project_id);
            Ok(Loaded::new(
                Document::encode(rendering.shape, version, project, &(rendering.render)(view)?),
                TIME_TO_LIVE,
            ))
        };
        let key = task_key(organization, id);
        let text = self.entries.get(&key, load).await?;
        if &*text == Document::ABSENT {
            return Ok(None);
        }
        if let Some(document) = Document::decode(id.uuid(), rendering.shape, text) {
            return Ok(Some(document));
        }
        // Another release keeps it in another shape: this one's takes its place.
        self.entries.forget(&[key]).await;
        let loaded = load().await?.text;
        Ok(Document::decode(id.uuid(), rendering.shape, loaded))
    }

    async fn task_id(&self, organization: OrganizationId, key: &TaskKey) -> Result<Option<TaskId>, AppError> {
        let is_own_answer = AtomicBool::new(false);
        let load = || async {
            is_own_answer.store(true, Ordering::Relaxed);
            Ok(match self.source.task_id(organization, key).await? {
                Some(id) => Loaded::new(id.to_string(), TIME_TO_LIVE),
                None => Loaded::unkept(""),
            })
        };
        let text = self.entries.get(&task_id_key(organization, key), load).await?;
        match Uuid::parse_str(&text) {
            Ok(id) => Ok(Some(TaskId::new(id))),
            Err(_) if is_own_answer.load(Ordering::Relaxed) => Ok(None),
            // Somebody else asked, perhaps before the task was created: that touches its id, not its key.
            Err(_) => Ok(self.source.task_id(organization, key).await?),
        }
    }
}

fn task_key(organization: OrganizationId, id: TaskId) -> String {
    format!("task:{organization}:{id}")
}

fn task_id_key(organization: OrganizationId, key: &TaskKey) -> String {
    format!("task-key:{organization}:{key}")
}

#[cfg(test)]
pub(crate) mod tests;
