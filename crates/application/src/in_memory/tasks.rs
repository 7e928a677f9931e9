use async_trait::async_trait;
use tenon_domain::tasks::{Task, TaskState};
use tenon_domain::{NotificationId, ProjectId, TaskId, Timestamp, UserId};
use uuid::Uuid;

use super::data::next_version;
use super::unit::MemoryUnit;
use crate::audit::{AuditEntryView, AuditRepository};
use crate::notifications::{NotificationRepository, NotificationView};
use crate::tasks::{TaskRef, TaskRepository};
use crate::unit_of_work::StoreError;

#[async_trait]
impl TaskRepository for MemoryUnit {
    async fn find(&mut self, task: &TaskRef) -> Result<Option<Task>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.tasks.iter().find(|(org, it)| {
            *org == tenant
                && match task {
                    TaskRef::Id(id) => it.id == *id,
                    TaskRef::Key(key) => it.key == *key,
                }
        });
        Ok(found.map(|(_, it)| Task::restore(it.clone())))
    }

    async fn save(&mut self, task: Task) -> Result<TaskState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = task.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let tasks = &mut self.data.tasks;
        let stored = tasks.iter().find(|(_, it)| it.id == state.id).map(|(_, it)| it.version);
        state.version = next_version(state.version, stored)?;
        tasks.retain(|(_, it)| it.id != state.id);
        tasks.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn next_number(&mut self, project: ProjectId) -> Result<i64, StoreError> {
        let numbers = self.data.tasks.iter().filter(|(_, it)| it.project_id == project).map(|(_, it)| it.number);
        Ok(numbers.max().unwrap_or(0) + 1)
    }

    async fn lock_nesting(&mut self, _: ProjectId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn lineage(&mut self, task: TaskId) -> Result<Option<(ProjectId, Vec<TaskId>)>, StoreError> {
        let tenant = self.tenant()?;
        let find =
            |id: TaskId| self.data.tasks.iter().find(|(org, it)| *org == tenant && it.id == id).map(|(_, it)| it);
        let Some(found) = find(task).filter(|it| it.deleted_at.is_none()) else { return Ok(None) };
        let above = std::iter::successors(found.parent_id, |id| find(*id).and_then(|it| it.parent_id));
        Ok(Some((found.project_id, above.collect())))
    }
}

#[async_trait]
impl NotificationRepository for MemoryUnit {
    async fn insert(&mut self, notifications: Vec<(UserId, NotificationView, Uuid)>) -> Result<(), StoreError> {
        self.tenant()?;
        for (user, view, event) in notifications {
            if !self.data.notifications.iter().any(|(who, _, of)| *who == user && *of == event) {
                self.data.notifications.push((user, view, event));
            }
        }
        Ok(())
    }

    async fn mark_read(&mut self, user: UserId, id: NotificationId, now: Timestamp) -> Result<bool, StoreError> {
        let mut own = self.data.notifications.iter_mut().filter(|(who, _, _)| *who == user);
        let found = own.find(|(_, view, _)| view.id == id);
        Ok(found.map(|(_, view, _)| view.read_at.get_or_insert(now)).is_some())
    }

    async fn mark_all_read(&mut self, user: UserId, now: Timestamp) -> Result<u64, StoreError> {
        let own = self.data.notifications.iter_mut().filter(|(who, _, _)| *who == user);
        let unread: Vec<_> = own.filter(|(_, view, _)| view.read_at.is_none()).collect();
        let count = unread.len() as u64;
        unread.into_iter().for_each(|(_, view, _)| view.read_at = Some(now));
        Ok(count)
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.tenant()?;
        self.data.notifications.retain(|(who, _, _)| *who != user);
        Ok(())
    }
}

#[async_trait]
impl AuditRepository for MemoryUnit {
    async fn append(&mut self, entries: Vec<AuditEntryView>) -> Result<(), StoreError> {
        self.data.audit.extend(entries);
        Ok(())
    }
}
