//! Use cases on notifications: making them from events, reading them, delivering them outside Tenon.

mod deliver;
mod inbox;
mod notify;
mod ports;
mod views;
mod wording;

pub use deliver::{Deliveries, DeliveryError};
pub use inbox::{CountUnread, ListNotifications, MarkAllRead, MarkRead};
pub use notify::Notify;
#[cfg(test)]
pub(crate) use ports::MockNotificationQueries;
pub use ports::{MessageRenderer, NotificationQueries, NotificationRepository};
pub use views::NotificationView;

#[cfg(test)]
mod tests;
