//! What notifications say.

use tenon_domain::Fact;
use tenon_domain::notifications::NotificationKind;
use tenon_domain::organizations::{Invitation, OrganizationFact};
use tenon_domain::projects::{GivenRole, ProjectFact};
use tenon_domain::tasks::TaskFact;

/// The title and the body of a notification. `subject` is the resource's name as of the event.
pub(super) fn wording(
    kind: NotificationKind,
    fact: &Fact,
    actor: Option<&str>,
    subject: &str,
    organization: &str,
) -> (String, String) {
    use NotificationKind as Kind;
    let who = actor.unwrap_or("Tenon");
    match kind {
        Kind::TaskAssigned => (format!("{who} assigned you {subject}"), String::new()),
        Kind::TaskUnassigned => (format!("{who} took you off {subject}"), String::new()),
        Kind::TaskStatusChanged => {
            let (from, to) = statuses(fact);
            (format!("{who} moved {subject} to “{to}”"), format!("Before that it was in “{from}”."))
        }
        Kind::TaskCompleted => (format!("{who} completed {subject}"), String::new()),
        Kind::TaskDeleted => (format!("{who} moved {subject} to the trash"), String::new()),
        Kind::ProjectMemberAdded => {
            let whom = if matches!(fact, Fact::Project(ProjectFact::TeamAdded { .. })) { "your team" } else { "you" };
            (format!("{who} added {whom} to {subject}"), role_sentence(fact))
        }
        Kind::TeamMemberAdded => (format!("{who} added you to the team {subject}"), String::new()),
        Kind::ProjectMemberRemoved => (format!("{who} removed you from {subject}"), String::new()),
        Kind::OrganizationInvited => {
            let days = Invitation::LIFETIME.num_days();
            (format!("{who} invited you to {organization}"), format!("The invitation is good for {days} days."))
        }
        Kind::OrganizationMemberJoined => (format!("{subject} joined {organization}"), role_sentence(fact)),
        Kind::OrganizationMemberUnsuspended => (
            format!("{who} lifted your suspension in {organization}"),
            "You have all the access that you had before.".to_owned(),
        ),
        Kind::OrganizationDomainLapsed => (
            format!("{subject} has to be verified again"),
            format!(
                "The DNS record that proved it to be a domain of {organization} is gone. Nobody joins by an address there \
                 until it is back, and you have verified the domain again."
            ),
        ),
        Kind::OrganizationRoleChanged => (format!("{who} changed your role in {organization}"), role_sentence(fact)),
    }
}

fn statuses(fact: &Fact) -> (String, String) {
    match fact {
        Fact::Task(TaskFact::StatusChanged { from, to, .. } | TaskFact::Completed { from, to, .. }) => {
            (from.key.as_str().replace('_', " "), to.key.as_str().replace('_', " "))
        }
        _ => Default::default(),
    }
}

fn role_sentence(fact: &Fact) -> String {
    match fact {
        // What a custom role is called may have changed since: the project tells.
        Fact::Project(
            ProjectFact::MemberAdded { role: GivenRole::System(role), .. }
            | ProjectFact::TeamAdded { role: GivenRole::System(role), .. },
        ) => format!("The role is {role}."),
        Fact::Organization(
            OrganizationFact::MemberJoined { role, .. } | OrganizationFact::MemberRoleChanged { role, .. },
        ) => format!("The role is {role}."),
        _ => String::new(),
    }
}
