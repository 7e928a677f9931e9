use std::collections::HashSet;

use async_trait::async_trait;
use tenon_domain::notifications::{NotificationKind, Recipient, audience};
use tenon_domain::projects::ProjectFact;
use tenon_domain::{EventId, Fact, ProjectId, UserId};

use super::NotificationView;
use super::wording::wording;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::events::{Channel, Delivery, EventRecord, subscriber};
use crate::identity::UserContact;
use crate::token_access::TokenAccess;

/// Turns events of one organization into a notification for everybody each concerns, and an email for each. Running it
/// again for the same events changes nothing.
#[derive(Clone, Debug)]
pub struct Notify {
    pub events: Vec<EventRecord>,
}

/// An event, and whom it concerns.
struct Concern<'a> {
    event: &'a EventRecord,
    fact: Fact,
    recipients: Vec<(Recipient, NotificationKind)>,
}

#[async_trait]
impl Command for Notify {
    type Output = ();
    const NAME: &'static str = "notification.create";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let ids: Vec<EventId> = self.events.iter().map(|event| event.id.into()).collect();
        let new = work.unit().receipts().note_all(&ids, subscriber::NOTIFICATIONS).await?;
        let new = self.events.iter().filter(|event| new.contains(&event.id.into()));
        let mut concerns: Vec<Concern<'_>> = new.filter_map(Concern::of).collect();
        entitled(work, &mut concerns).await?;
        concerns.retain(|concern| !concern.recipients.is_empty());
        if concerns.is_empty() {
            return Ok(());
        }
        let people = people(work, &concerns).await?;
        let organization = work.unit().organizations().current().await?;
        let organization = organization.map(|it| it.state().name.to_string()).unwrap_or_default();
        let (mut notifications, mut deliveries) = (Vec::new(), Vec::new());
        for concern in concerns {
            let origin = concern.event.origin();
            let (notified, delivered) = concern.compose(work, &people, &organization);
            notifications.extend(notified);
            deliveries.extend(delivered.into_iter().map(|delivery| (origin.clone(), delivery)));
        }
        if !notifications.is_empty() {
            work.unit().notifications().insert(notifications).await?;
        }
        work.unit().events().deliver(deliveries).await?;
        Ok(())
    }
}

/// Leaves those who may know of it now: time has passed since the events, and access may have ended.
async fn entitled(work: &mut Work<'_>, concerns: &mut [Concern<'_>]) -> Result<(), AppError> {
    let (mut projects, mut insiders_asked, mut members_asked) = (HashSet::new(), HashSet::new(), HashSet::new());
    for concern in concerns.iter() {
        match concern.project() {
            Some(project) => {
                let users = users_among(&concern.recipients);
                if !users.is_empty() {
                    projects.insert(project);
                    insiders_asked.extend(users);
                }
            }
            None => members_asked.extend(users_among(&concern.recipients)),
        }
    }
    let (projects, insiders_asked) = (Vec::from_iter(projects), Vec::from_iter(insiders_asked));
    let members_asked = Vec::from_iter(members_asked);
    let mut insiders = HashSet::new();
    if !projects.is_empty() {
        insiders.extend(work.unit().projects().insiders_of_all(&projects, &insiders_asked).await?);
    }
    let mut members = HashSet::new();
    if !members_asked.is_empty() {
        members.extend(work.unit().members().among(&members_asked).await?);
    }
    for concern in concerns {
        let project = concern.project();
        concern.recipients.retain(|(recipient, _)| match (recipient, project) {
            (Recipient::User(user), Some(project)) => insiders.contains(&(project, *user)),
            (Recipient::User(user), None) => members.contains(user),
            (Recipient::Address(_), _) => true,
        });
    }
    Ok(())
}

/// Everybody who is addressed or named, in one query.
async fn people(work: &mut Work<'_>, concerns: &[Concern<'_>]) -> Result<Vec<UserContact>, AppError> {
    let mut ids = HashSet::new();
    for concern in concerns {
        ids.extend(users_among(&concern.recipients));
        ids.extend(concern.event.actor_user());
    }
    Ok(work.unit().users().contacts(&Vec::from_iter(ids)).await?)
}

impl<'a> Concern<'a> {
    /// Nothing for an event that this version does not know, and for one of no organization.
    fn of(event: &'a EventRecord) -> Option<Self> {
        event.organization()?;
        let fact = event.fact()?;
        let recipients = audience(&fact, event.actor_user());
        Some(Self { event, fact, recipients })
    }

    /// The project that one has to see to hear of the event.
    fn project(&self) -> Option<ProjectId> {
        // Who was removed from a project is told so, though they may not see it any more.
        let of_project = !matches!(self.fact, Fact::Project(ProjectFact::MemberRemoved { .. }));
        self.event.project_id.filter(|_| of_project).map(ProjectId::new)
    }

    fn compose(
        self,
        work: &Work<'_>,
        people: &[UserContact],
        organization: &str,
    ) -> (Vec<(UserId, NotificationView, uuid::Uuid)>, Vec<Delivery>) {
        let Self { event, fact, recipients } = self;
        let find = |id: UserId| people.iter().find(|contact| contact.id == id);
        let actor = event.actor_user().and_then(find);
        let actor_name = actor.map(|actor| actor.display_name.clone());
        let mut notifications = Vec::new();
        let mut deliveries = Vec::new();
        for (recipient, kind) in recipients {
            let (title, body) = wording(kind, &fact, actor_name.as_deref(), &event.subject.name, organization);
            let (user, address) = match recipient {
                // Somebody who was deleted since has no contact, and nothing to be told.
                Recipient::User(user) if find(user).is_none() => continue,
                Recipient::User(user) => (Some(user), None),
                Recipient::Address(email) => (None, Some(email.to_string())),
            };
            let email = Delivery {
                channel: Channel::Email,
                kind: kind.as_str().to_owned(),
                user: user.map(UserId::uuid),
                address,
                title: title.clone(),
                body: body.clone(),
                organization_name: organization.to_owned(),
                invitation: (kind == NotificationKind::OrganizationInvited).then_some(event.subject.id),
                account_request: None,
                resource_kind: event.subject.kind.clone(),
                resource_id: event.subject.id,
                caused_by: event.id,
            };
            // A service account reads its notifications, if it does, where they are.
            deliveries.extend(user.and_then(find).is_none_or(UserContact::takes_mail).then_some(email));
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
