//! One's own notifications over HTTP.

mod dto;

use actix_web::{get, post};
use tenon_application::Unsorted;
use tenon_application::notifications::{CountUnread, ListNotifications, MarkAllRead, MarkRead};
use tenon_domain::NotificationId;
use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) use self::dto::NotificationResponse;
use self::dto::{NotificationCountResponse, OfUnread};
use super::answer::{Answer, no_content, ok};
use super::caller::Caller;
use super::list::{List, ListBody};
use super::path::InPath;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_notifications)
        .service(count_unread_notifications)
        .service(read_all_notifications)
        .service(read_notification);
}

type InNotificationPath = InPath<NotificationId>;
type NotificationList = List<OfUnread, Unsorted>;

/// List your notifications
///
/// Those of the organization you are signed in to, newest first.
#[utoipa::path(tag = "notifications", operation_id = "list_notifications", params(NotificationList),
    responses((status = 200, body = ListBody<NotificationResponse>, description = "A page of notifications")))]
#[get("/notifications")]
pub(crate) async fn list_notifications(caller: Caller, list: NotificationList) -> Answer {
    let query = ListNotifications { unread: list.filter.0, page: list.page.clone() };
    list.answer::<_, NotificationResponse>(caller.ask(query).await?)
}

/// Count your unread notifications
///
/// In the organization you are in.
#[utoipa::path(tag = "notifications", operation_id = "count_unread_notifications",
    responses((status = 200, body = NotificationCountResponse, description = "How many are unread")))]
#[get("/notifications/unread-count")]
pub(crate) async fn count_unread_notifications(caller: Caller) -> Answer {
    ok(&NotificationCountResponse { count: caller.ask(CountUnread).await? })
}

/// Mark all your notifications read
///
/// All there are by now. Those of other organizations stay as they are.
#[utoipa::path(tag = "notifications", operation_id = "read_all_notifications",
    responses((status = 200, body = NotificationCountResponse, description = "How many were unread until now")))]
#[post("/notifications/read-all")]
pub(crate) async fn read_all_notifications(caller: Caller) -> Answer {
    ok(&NotificationCountResponse { count: caller.execute(MarkAllRead).await? })
}

/// Mark a notification read
///
/// One that is read already stays as it is.
#[utoipa::path(tag = "notifications", operation_id = "read_notification", params(InNotificationPath),
    responses((status = 204, description = "It is read")))]
#[post("/notifications/{notification}/read")]
pub(crate) async fn read_notification(caller: Caller, notification: InNotificationPath) -> Answer {
    caller.execute(MarkRead { notification: notification.0 }).await?;
    no_content()
}
