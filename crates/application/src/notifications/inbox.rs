use async_trait::async_trait;
use tenon_domain::NotificationId;
use tenon_domain::access::Scope;

use super::NotificationView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The actor's notifications, newest first.
#[derive(Clone, Debug)]
pub struct ListNotifications {
    /// `Some(true)`: only unread ones; `Some(false)`: only read ones.
    pub unread: Option<bool>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListNotifications {
    type Output = Page<NotificationView>;
    const NAME: &'static str = "notification.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::NotificationsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<NotificationView>, AppError> {
        Ok(reader.queries().notifications.list(reader.viewer()?, self.unread, &self.page).await?)
    }
}

/// How many of the actor's notifications are unread.
#[derive(Clone, Copy, Debug)]
pub struct CountUnread;

#[async_trait]
impl Query for CountUnread {
    type Output = u64;
    const NAME: &'static str = "notification.count_unread";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::NotificationsRead);

    async fn run(&self, reader: &Reader<'_>) -> Result<u64, AppError> {
        Ok(reader.queries().notifications.count_unread(reader.viewer()?).await?)
    }
}

/// Marks one of the actor's notifications read.
#[derive(Clone, Copy, Debug)]
pub struct MarkRead {
    pub notification: NotificationId,
}

#[async_trait]
impl Command for MarkRead {
    type Output = ();
    const NAME: &'static str = "notification.mark_read";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::NotificationsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (user, now) = (work.viewer()?.user, work.now());
        let found = work.unit().notifications().mark_read(user, self.notification, now).await?;
        if found { Ok(()) } else { Err(AppError::NotFound("notification")) }
    }
}

/// Marks all of the actor's notifications in the organization read.
#[derive(Clone, Copy, Debug)]
pub struct MarkAllRead;

#[async_trait]
impl Command for MarkAllRead {
    type Output = u64;
    const NAME: &'static str = "notification.mark_all_read";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::NotificationsWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<u64, AppError> {
        let (user, now) = (work.viewer()?.user, work.now());
        Ok(work.unit().notifications().mark_all_read(user, now).await?)
    }
}
