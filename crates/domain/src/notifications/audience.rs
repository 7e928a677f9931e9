use super::NotificationKind;
use crate::identity::Email;
use crate::organizations::OrganizationFact;
use crate::projects::ProjectFact;
use crate::tasks::TaskFact;
use crate::{Fact, UserId};

/// Somebody whom an event concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    User(UserId),
    /// An address that may not belong to a user yet: reached by email only.
    Address(Email),
}

/// Whom an event concerns and what it tells them: each at most once, and never the actor.
pub fn audience(fact: &Fact, actor: Option<UserId>) -> Vec<(Recipient, NotificationKind)> {
    use NotificationKind as Kind;
    let mut recipients = match fact {
        Fact::Task(fact) => task_audience(fact),
        Fact::Project(ProjectFact::MemberAdded { user, .. }) => users(Kind::ProjectMemberAdded, [*user]),
        Fact::Project(ProjectFact::MemberRemoved { user }) => users(Kind::ProjectMemberRemoved, [*user]),
        Fact::Organization(OrganizationFact::Invited { email, .. }) => {
            vec![(Recipient::Address(email.clone()), Kind::OrganizationInvited)]
        }
        Fact::Organization(OrganizationFact::MemberJoined { invited_by, .. }) => {
            users(Kind::OrganizationMemberJoined, *invited_by)
        }
        Fact::Organization(OrganizationFact::MemberRoleChanged { user, .. }) => {
            users(Kind::OrganizationRoleChanged, [*user])
        }
        Fact::Project(_) | Fact::Organization(_) | Fact::Identity(_) | Fact::PermissionDenied { .. } => Vec::new(),
    };
    recipients.retain(|(recipient, _)| !matches!(recipient, Recipient::User(user) if Some(*user) == actor));
    let mut seen = Vec::new();
    recipients.retain(|(recipient, _)| {
        let new = !seen.contains(recipient);
        if new {
            seen.push(recipient.clone());
        }
        new
    });
    recipients
}

fn task_audience(fact: &TaskFact) -> Vec<(Recipient, NotificationKind)> {
    use NotificationKind as Kind;
    let everybody = |assignees: &[UserId], reporter: UserId| assignees.iter().copied().chain([reporter]).collect();
    let concerned: (NotificationKind, Vec<UserId>) = match fact {
        TaskFact::Created { assignees, .. } => (Kind::TaskAssigned, assignees.clone()),
        TaskFact::Assigned { added, removed, .. } => {
            let mut recipients = users(Kind::TaskAssigned, added.iter().copied());
            recipients.extend(users(Kind::TaskUnassigned, removed.iter().copied()));
            return recipients;
        }
        TaskFact::StatusChanged { assignees, reporter, .. } => {
            (Kind::TaskStatusChanged, everybody(assignees, *reporter))
        }
        TaskFact::Completed { assignees, reporter, .. } => (Kind::TaskCompleted, everybody(assignees, *reporter)),
        TaskFact::Deleted { assignees, reporter } => (Kind::TaskDeleted, everybody(assignees, *reporter)),
        TaskFact::Updated { .. } | TaskFact::Restored { .. } => return Vec::new(),
    };
    users(concerned.0, concerned.1)
}

fn users(kind: NotificationKind, users: impl IntoIterator<Item = UserId>) -> Vec<(Recipient, NotificationKind)> {
    users.into_iter().map(|user| (Recipient::User(user), kind)).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    #[test]
    fn assignees_hear_of_a_new_task_but_not_its_creator() {
        let fact = Fact::Task(TaskFact::Created { assignees: vec![user(1), user(2)], reporter: user(1) });
        assert_eq!(audience(&fact, Some(user(1))), vec![(Recipient::User(user(2)), NotificationKind::TaskAssigned)]);
    }

    #[test]
    fn nobody_is_told_twice() {
        let fact = Fact::Task(TaskFact::Deleted { assignees: vec![user(1), user(2)], reporter: user(2) });
        assert_eq!(audience(&fact, Some(user(3))).len(), 2);
    }

    #[test]
    fn a_move_concerns_the_assignees_and_the_reporter() {
        let status = crate::projects::Workflow::standard().statuses()[0].status.clone();
        let moved = TaskFact::Completed {
            from: status.clone(),
            to: status,
            assignees: vec![user(1), user(2)],
            reporter: user(3),
        };
        let told = [user(1), user(3)].map(|it| (Recipient::User(it), NotificationKind::TaskCompleted));
        assert_eq!(audience(&Fact::Task(moved), Some(user(2))), told);
    }

    #[test]
    fn who_came_and_who_went_hear_of_it_each_in_their_way() {
        let fact = TaskFact::Assigned { added: vec![user(1), user(9)], removed: vec![user(2)], reporter: user(3) };
        assert_eq!(
            audience(&Fact::Task(fact), Some(user(9))),
            [
                (Recipient::User(user(1)), NotificationKind::TaskAssigned),
                (Recipient::User(user(2)), NotificationKind::TaskUnassigned),
            ]
        );
    }

    #[test]
    fn everybody_concerned_hears_of_what_the_system_does_itself() {
        let fact = Fact::Project(ProjectFact::MemberRemoved { user: user(1) });
        assert_eq!(audience(&fact, None), [(Recipient::User(user(1)), NotificationKind::ProjectMemberRemoved)]);
    }

    #[test]
    fn most_of_what_happens_concerns_nobody_in_particular() {
        for fact in [
            Fact::Task(TaskFact::Updated { assignees: vec![user(1)], reporter: user(2) }),
            Fact::Task(TaskFact::Restored { assignees: vec![user(1)], reporter: user(2) }),
            Fact::Project(ProjectFact::Created),
            Fact::Organization(OrganizationFact::MemberRemoved { user: user(1) }),
            Fact::Identity(crate::identity::IdentityFact::SignedIn),
            Fact::PermissionDenied { permission: "task.edit".to_owned() },
        ] {
            assert_eq!(audience(&fact, None), [], "{fact:?}");
        }
    }

    #[test]
    fn an_invitation_goes_to_the_address() -> Result<(), crate::identity::IdentityError> {
        let email = Email::parse("new@example.com")?;
        let role = crate::access::OrganizationRole::Member;
        let fact = Fact::Organization(OrganizationFact::Invited { email: email.clone(), role });
        assert_eq!(
            audience(&fact, Some(user(1))),
            vec![(Recipient::Address(email), NotificationKind::OrganizationInvited)]
        );
        Ok(())
    }
}
