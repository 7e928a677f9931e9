//! Delivering messages outside Tenon: the slow part happens outside any transaction, the receipt is noted after it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tenon_domain::{EventId, UserId};

use super::MessageRenderer;
use crate::actor::Actor;
use crate::app::App;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::events::{Channel, Delivery, EventData, EventRecord, Outbox, subscriber};
use crate::identity::{AccountTokens, UserContact, ends_with_account, link_of};
use crate::organizations::InvitationTokens;
use crate::ports::{MailError, Mailer, PushMessage, PushSender};
use crate::token_access::TokenAccess;

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
    pub account_tokens: Arc<dyn AccountTokens>,
    /// The public address, without a slash at the end.
    pub public_url: String,
}

/// After this long what was sent is noted, though more is to be sent: it is what a crash sends again.
const NOTE_AFTER: Duration = Duration::from_secs(2);

impl Deliveries {
    /// Sends these emails of one organization, but for those that were sent before.
    pub async fn send_emails(&self, events: &[EventRecord]) -> Result<(), DeliveryError> {
        self.send_all(events, Channel::Email, subscriber::EMAIL).await
    }

    /// Pushes these messages of one organization, but for those that were pushed before.
    pub async fn send_pushes(&self, events: &[EventRecord]) -> Result<(), DeliveryError> {
        self.send_all(events, Channel::Push, subscriber::PUSH).await
    }

    /// Sends one after the other, to the first that fails. What was sent is noted all the same.
    async fn send_all(
        &self,
        events: &[EventRecord],
        channel: Channel,
        subscriber: &'static str,
    ) -> Result<(), DeliveryError> {
        let unsent = self.unsent(events, subscriber).await?;
        let contacts = match channel {
            Channel::Email => self.contacts(&unsent).await?,
            Channel::Push => Vec::new(),
        };
        let (mut sent, mut noted_at) = (Vec::new(), Instant::now());
        for (event, delivery) in unsent {
            let outcome = match channel {
                Channel::Email => self.send_email(event, delivery, &contacts).await,
                Channel::Push => self.push(delivery).await,
            };
            if outcome.is_err() {
                self.note_receipts(&sent, subscriber).await?;
                return outcome;
            }
            sent.push(event);
            if noted_at.elapsed() >= NOTE_AFTER {
                self.note_receipts(&std::mem::take(&mut sent), subscriber).await?;
                noted_at = Instant::now();
            }
        }
        self.note_receipts(&sent, subscriber).await
    }

    async fn send_email(
        &self,
        event: &EventRecord,
        delivery: &Delivery,
        contacts: &[UserContact],
    ) -> Result<(), DeliveryError> {
        let Some((address, name)) = recipient(delivery, contacts) else { return Ok(()) };
        let link = self.link(delivery);
        let message = self
            .renderer
            .render(delivery, &event.id.to_string(), address, name, &link)
            .map_err(DeliveryError::Rendering)?;
        Ok(self.mailer.send(&message).await?)
    }

    async fn push(&self, delivery: &Delivery) -> Result<(), DeliveryError> {
        let Some(user) = delivery.user else { return Ok(()) };
        let message = PushMessage { user: user.into(), title: delivery.title.clone(), body: delivery.body.clone() };
        Ok(self.push.send(&message).await?)
    }

    async fn unsent<'a>(
        &self,
        events: &'a [EventRecord],
        subscriber: &str,
    ) -> Result<Vec<(&'a EventRecord, &'a Delivery)>, DeliveryError> {
        let ids: Vec<EventId> = events.iter().map(|event| event.id.into()).collect();
        let unhandled = self.outbox.unhandled(&ids, subscriber);
        let unhandled = self.app.availability.within_reach(unhandled).await.map_err(AppError::from)?;
        let unsent =
            events.iter().filter(|event| unhandled.contains(&event.id.into())).map(|event| match &event.data {
                EventData::Delivery(delivery) => Ok((event, delivery)),
                _ => Err(DeliveryError::NotADelivery),
            });
        unsent.collect()
    }

    /// Of all whom these deliveries name, in one query.
    async fn contacts(&self, unsent: &[(&EventRecord, &Delivery)]) -> Result<Vec<UserContact>, DeliveryError> {
        let users: BTreeSet<_> = unsent
            .iter()
            .filter(|(_, delivery)| delivery.address.is_none() || ends_with_account(&delivery.kind))
            .filter_map(|(_, delivery)| delivery.user)
            .collect();
        let users: Vec<UserId> = users.into_iter().map(UserId::new).collect();
        let contacts = self.app.queries.identity.contacts(&users);
        Ok(self.app.availability.within_reach(contacts).await.map_err(AppError::from)?)
    }

    fn link(&self, delivery: &Delivery) -> String {
        if let Some(invitation) = delivery.invitation {
            return self.invitation_tokens.accept_url(&self.invitation_tokens.issue_for_mail(invitation.into()));
        }
        match (delivery.account_request, link_of(&delivery.kind)) {
            (Some(request), Some(kind)) => {
                self.account_tokens.url(kind, &self.account_tokens.issue(kind, request.into()))
            }
            _ => format!("{}/{}s/{}", self.public_url, delivery.resource_kind, delivery.resource_id),
        }
    }

    async fn note_receipts(&self, events: &[&EventRecord], subscriber: &'static str) -> Result<(), DeliveryError> {
        let Some(first) = events.first() else { return Ok(()) };
        let actor = Actor::system(first.organization(), first.origin());
        let events = events.iter().map(|event| event.id.into()).collect();
        Ok(self.app.execute(&actor, NoteReceipts { events, subscriber }).await?)
    }
}

/// The address and the name a delivery goes to; nothing for a user who was deleted since.
fn recipient<'a>(delivery: &'a Delivery, contacts: &'a [UserContact]) -> Option<(&'a str, Option<&'a str>)> {
    let user = delivery.user.map(UserId::new);
    let contact = user.and_then(|user| contacts.iter().find(|contact| contact.id == user));
    match &delivery.address {
        Some(_) if user.is_some() && contact.is_none() && ends_with_account(&delivery.kind) => None,
        Some(address) => Some((address, None)),
        None => contact.map(|contact| (contact.email.as_str(), Some(contact.display_name.as_str()))),
    }
}

/// Notes that a subscriber whose effects lie outside the database is done with these events.
struct NoteReceipts {
    events: Vec<EventId>,
    subscriber: &'static str,
}

#[async_trait]
impl Command for NoteReceipts {
    type Output = ();
    const NAME: &'static str = "notification.note_receipts";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.unit().receipts().note_all(&self.events, self.subscriber).await?;
        Ok(())
    }
}
