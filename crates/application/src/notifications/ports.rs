use async_trait::async_trait;
use tenon_domain::{NotificationId, Timestamp, UserId};

use super::NotificationView;
use crate::actor::Viewer;
use crate::events::Delivery;
use crate::page::{Page, PageRequest, Unsorted};
use crate::ports::Message;
use crate::unit_of_work::StoreError;

/// Notifications in a unit of work, bound to its organization.
#[async_trait]
pub trait NotificationRepository: Send {
    /// Stores notifications in one statement. One that its user already has for the same event is left out.
    async fn insert(&mut self, notifications: Vec<(UserId, NotificationView, uuid::Uuid)>) -> Result<(), StoreError>;
    /// Marks a notification of the user read. `false` when they have no such notification.
    async fn mark_read(&mut self, user: UserId, id: NotificationId, now: Timestamp) -> Result<bool, StoreError>;
    /// Marks all unread notifications of the user read. Answers how many.
    async fn mark_all_read(&mut self, user: UserId, now: Timestamp) -> Result<u64, StoreError>;
    /// Deletes all notifications of the user.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// The read side of notifications: a viewer reads their own in their organization.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait NotificationQueries: Send + Sync {
    async fn list(
        &self,
        viewer: Viewer,
        unread: Option<bool>,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<NotificationView>, StoreError>;
    async fn find(&self, viewer: Viewer, id: NotificationId) -> Result<Option<NotificationView>, StoreError>;
    async fn count_unread(&self, viewer: Viewer) -> Result<u64, StoreError>;
}

/// Turns a delivery into an email, in text and HTML.
pub trait MessageRenderer: Send + Sync {
    /// `link` is where the button of the email leads.
    fn render(
        &self,
        delivery: &Delivery,
        message_id: &str,
        to_address: &str,
        to_name: Option<&str>,
        link: &str,
    ) -> Result<Message, String>;
}
