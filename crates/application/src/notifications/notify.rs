use async_trait::async_trait;
use tenon_domain::notifications::{NotificationKind, Recipient, audience};
use tenon_domain::projects::ProjectFact;
use tenon_domain::{Fact, ProjectId, UserId};

use super::NotificationView;
use super::wording::wording;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::events::{Channel, Delivery, EventRecord, subscriber};
use crate::identity::UserContact;

/// Turns an event into a notification for everybody it concerns, and an email for each. Running it again for the same
/// event changes nothing.
#[derive(Clone, Debug)]
pub struct Notify {
    pub event: EventRecord,
}

#[async_trait]
impl Command for Notify {
    type Output = ();
    const NAME: &'static str = "notification.create";

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let event = &self.event;
        if !work.unit().receipts().note(event.id.into(), subscriber::NOTIFICATIONS).await? {
            return Ok(());
        }
        let (Some(fact), Some(_)) = (event.fact(), event.organization()) else { return Ok(()) };
        let recipients = self.entitled(work, &fact, audience(&fact, event.actor_user())).await?;
        if recipients.is_empty() {
            return Ok(());
        }
        let people = self.people(work, &recipients).await?;
        let organization = work.unit().organizations().current().await?;
        let organization = organization.map(|it| it.state().name.to_string()).unwrap_or_default();
        let (notifications, deliveries) = self.compose(work, &fact, recipients, &people, &organization);
        if !notifications.is_empty() {
            work.unit().notifications().insert(notifications).await?;
        }
        work.unit().events().deliver(deliveries).await?;
        Ok(())
    }
}

impl Notify {
    /// Those who may know of it now: time has passed since the event, and access may have ended.
    async fn entitled(
        &self,
        work: &mut Work<'_>,
        fact: &Fact,
        mut recipients: Vec<(Recipient, NotificationKind)>,
    ) -> Result<Vec<(Recipient, NotificationKind)>, AppError> {
        let users = users_among(&recipients);
        if users.is_empty() {
            return Ok(recipients);
        }
        // Who was removed from a project is told so, though they may not see it any more.
        let of_project = !matches!(fact, Fact::Project(ProjectFact::MemberRemoved { .. }));
        let entitled = match self.event.project_id.filter(|_| of_project) {
            Some(project) => work.unit().projects().insiders(ProjectId::new(project), &users).await?,
            None => work.unit().members().among(&users).await?,
        };
        recipients.retain(|(recipient, _)| match recipient {
            Recipient::User(user) => entitled.contains(user),
            Recipient::Address(_) => true,
        });
        Ok(recipients)
    }

    /// Everybody who is addressed or named, in one query.
    async fn people(
        &self,
        work: &mut Work<'_>,
        recipients: &[(Recipient, NotificationKind)],
    ) -> Result<Vec<UserContact>, AppError> {
        let mut ids = users_among(recipients);
        ids.extend(self.event.actor_user());
        Ok(work.unit().users().contacts(&ids).await?)
    }

    fn compose(
        &self,
        work: &Work<'_>,
        fact: &Fact,
        recipients: Vec<(Recipient, NotificationKind)>,
        people: &[UserContact],
        organization: &str,
    ) -> (Vec<(UserId, NotificationView, uuid::Uuid)>, Vec<Delivery>) {
        let event = &self.event;
        let find = |id: UserId| people.iter().find(|contact| contact.id == id);
        let actor = event.actor_user().and_then(find);
        let actor_name = actor.map(|actor| actor.display_name.clone());
        let mut notifications = Vec::new();
        let mut deliveries = Vec::new();
        for (recipient, kind) in recipients {
            let (title, body) = wording(kind, fact, actor_name.as_deref(), &event.subject.name, organization);
            let (user, address) = match recipient {
                // Somebody who was deleted since has no contact, and nothing to be told.
                Recipient::User(user) if find(user).is_none() => continue,
                Recipient::User(user) => (Some(user), None),
                Recipient::Address(email) => (None, Some(email.to_string())),
            };
            deliveries.push(Delivery {
                channel: Channel::Email,
                kind: kind.as_str().to_owned(),
                user: user.map(UserId::uuid),
                address,
                title: title.clone(),
                body: body.clone(),
                organization_name: organization.to_owned(),
                invitation: (kind == NotificationKind::OrganizationInvited).then_some(event.subject.id),
                resource_kind: event.subject.kind.clone(),
                resource_id: event.subject.id,
                caused_by: event.id,
            });
            let Some(user) = user else { continue };
            let notification = NotificationView {
                id: work.next_id(),
                kind,
                title,
                body,
                actor_id: event.actor_user(),
                actor_name: actor_name.clone(),
                project_id: event.project_id.map(Into::into),
                resource_kind: event.subject.kind.clone(),
                resource_id: event.subject.id,
                resource_name: event.subject.name.clone(),
                read_at: None,
                created_at: work.now(),
            };
            notifications.push((user, notification, event.id));
        }
        (notifications, deliveries)
    }
}

fn users_among(recipients: &[(Recipient, NotificationKind)]) -> Vec<UserId> {
    let users = recipients.iter().filter_map(|(recipient, _)| match recipient {
        Recipient::User(user) => Some(*user),
        Recipient::Address(_) => None,
    });
    users.collect()
}
