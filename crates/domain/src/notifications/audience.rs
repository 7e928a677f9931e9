use std::collections::HashSet;

use super::NotificationKind;
use crate::identity::Email;
use crate::organizations::{OrganizationFact, TeamFact};
use crate::projects::ProjectFact;
use crate::tasks::TaskFact;
use crate::{Fact, UserId};

/// Somebody whom an event concerns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
        // To everybody in it, it is the same as being added themselves.
        Fact::Project(ProjectFact::TeamAdded { members, .. }) => {
            users(Kind::ProjectMemberAdded, members.iter().copied())
        }
        Fact::Team(TeamFact::MemberAdded { user }) => users(Kind::TeamMemberAdded, [*user]),
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
        Fact::Organization(OrganizationFact::MemberUnsuspended { user }) => {
            users(Kind::OrganizationMemberUnsuspended, [*user])
        }
        Fact::Organization(OrganizationFact::DomainLapsed { owners }) => {
            users(Kind::OrganizationDomainLapsed, owners.iter().copied())
        }
        Fact::Project(_)
        | Fact::Team(_)
        | Fact::Organization(_)
        | Fact::Identity(_)
        | Fact::PermissionDenied { .. } => Vec::new(),
    };
    recipients.retain(|(recipient, _)| !matches!(recipient, Recipient::User(user) if Some(*user) == actor));
    let mut seen = HashSet::new();
    recipients.retain(|(recipient, _)| seen.insert(recipient.clone()));
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
    fn a_team_hears_of_its_project_and_who_joins_one_of_that() {
        let team = crate::TeamId::new(Uuid::from_u128(7));
        let role = crate::access::ProjectRole::Viewer.into();
        let added = ProjectFact::TeamAdded { team, role, members: vec![user(1), user(2), user(3)] };
        let told = [user(1), user(3)].map(|it| (Recipient::User(it), NotificationKind::ProjectMemberAdded));
        assert_eq!(audience(&Fact::Project(added), Some(user(2))), told);
        let joined = Fact::Team(TeamFact::MemberAdded { user: user(1) });
        let told = [(Recipient::User(user(1)), NotificationKind::TeamMemberAdded)];
        assert_eq!(audience(&joined, Some(user(2))), told);
    }

    #[test]
    fn most_of_what_happens_concerns_nobody_in_particular() {
        for fact in [
            Fact::Task(TaskFact::Updated { assignees: vec![user(1)], reporter: user(2) }),
            Fact::Task(TaskFact::Restored { assignees: vec![user(1)], reporter: user(2) }),
            Fact::Project(ProjectFact::Created),
            Fact::Project(ProjectFact::TeamRemoved {
                team: crate::TeamId::new(Uuid::from_u128(7)),
                members: vec![user(1)],
            }),
            Fact::Team(TeamFact::MemberRemoved { user: user(1) }),
            Fact::Organization(OrganizationFact::MemberRemoved { user: user(1) }),
            Fact::Organization(OrganizationFact::MemberSuspended { user: user(1) }),
            Fact::Organization(OrganizationFact::OwnershipTransferred { from: user(1), to: user(2) }),
            Fact::Identity(crate::identity::IdentityFact::SignedIn),
            Fact::PermissionDenied { permission: "task.edit".to_owned() },
        ] {
            assert_eq!(audience(&fact, None), [], "{fact:?}");
        }
    }

    #[test]
    fn who_may_come_back_hears_of_it_and_owners_of_a_domain_that_they_lose() {
        let back = Fact::Organization(OrganizationFact::MemberUnsuspended { user: user(1) });
        let told = [(Recipient::User(user(1)), NotificationKind::OrganizationMemberUnsuspended)];
        assert_eq!(audience(&back, Some(user(2))), told);
        let lapsed = Fact::Organization(OrganizationFact::DomainLapsed { owners: vec![user(1), user(2)] });
        let told = [1, 2].map(|it| (Recipient::User(user(it)), NotificationKind::OrganizationDomainLapsed));
        assert_eq!(audience(&lapsed, None), told);
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
