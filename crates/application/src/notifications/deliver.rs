//! Delivering messages outside Tenon: the slow part happens outside any transaction, the receipt is noted after it.

use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::UserId;

use super::MessageRenderer;
use crate::actor::Actor;
use crate::app::App;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::events::{Delivery, EventData, EventRecord, Outbox, subscriber};
use crate::organizations::InvitationTokens;
use crate::ports::{MailError, Mailer, PushMessage, PushSender};

/// Why a delivery did not succeed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("rendering: {0}")]
    Rendering(String),
    #[error("not a delivery")]
    NotADelivery,
}

/// Sends the messages that notifications ask for. At least once; a repeated email carries the same message id.
#[derive(Clone)]
pub struct Deliveries {
    pub app: App,
    pub outbox: Arc<dyn Outbox>,
    pub mailer: Arc<dyn Mailer>,
    pub push: Arc<dyn PushSender>,
    pub renderer: Arc<dyn MessageRenderer>,
    pub invitation_tokens: Arc<dyn InvitationTokens>,
    /// The public address, without a slash at the end.
    pub public_url: String,
}

impl Deliveries {
    pub async fn send_email(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        let EventData::Delivery(delivery) = &event.data else { return Err(DeliveryError::NotADelivery) };
        if self.is_done(event, subscriber::EMAIL).await? {
            return Ok(());
        }
        if let Some((address, name)) = self.recipient(delivery).await? {
            let link = self.link(delivery);
            let message = self
                .renderer
                .render(delivery, &event.id.to_string(), &address, name.as_deref(), &link)
                .map_err(DeliveryError::Rendering)?;
            self.mailer.send(&message).await?;
        }
        self.note_receipt(event, subscriber::EMAIL).await
    }

    pub async fn send_push(&self, event: &EventRecord) -> Result<(), DeliveryError> {
        let EventData::Delivery(delivery) = &event.data else { return Err(DeliveryError::NotADelivery) };
        if self.is_done(event, subscriber::PUSH).await? {
            return Ok(());
        }
        if let Some(user) = delivery.user {
            let message = PushMessage { user: user.into(), title: delivery.title.clone(), body: delivery.body.clone() };
            self.push.send(&message).await?;
        }
        self.note_receipt(event, subscriber::PUSH).await
    }

    async fn is_done(&self, event: &EventRecord, subscriber: &str) -> Result<bool, DeliveryError> {
        let handled = self.outbox.is_handled(event.id.into(), subscriber);
        Ok(self.app.availability.within_reach(handled).await.map_err(AppError::from)?)
    }

    async fn recipient(&self, delivery: &Delivery) -> Result<Option<(String, Option<String>)>, DeliveryError> {
        if let Some(address) = &delivery.address {
            return Ok(Some((address.clone(), None)));
        }
        let Some(user) = delivery.user.map(UserId::new) else { return Ok(None) };
        let user = self.app.queries.identity.user(user);
        let user = self.app.availability.within_reach(user).await.map_err(AppError::from)?;
        Ok(user.map(|user| (user.email, Some(user.display_name))))
    }

    fn link(&self, delivery: &Delivery) -> String {
        match delivery.invitation {
            Some(invitation) => self.invitation_tokens.accept_url(&self.invitation_tokens.issue(invitation.into())),
            None => format!("{}/{}s/{}", self.public_url, delivery.resource_kind, delivery.resource_id),
        }
    }

    async fn note_receipt(&self, event: &EventRecord, subscriber: &'static str) -> Result<(), DeliveryError> {
        let actor = Actor::system(event.organization(), event.origin());
        Ok(self.app.execute(&actor, NoteReceipt { event: event.clone(), subscriber }).await?)
    }
}

/// Notes that a subscriber whose effect lies outside the database is done with an event.
struct NoteReceipt {
    event: EventRecord,
    subscriber: &'static str,
}

#[async_trait]
impl Command for NoteReceipt {
    type Output = ();
    const NAME: &'static str = "notification.note_receipt";

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.unit().receipts().note(self.event.id.into(), self.subscriber).await?;
        Ok(())
    }
}
