//! Every kind of fact there is.

use tenon_domain::access::{OrganizationRole, ProjectRole};
use tenon_domain::identity::{Email, IdentityFact, SignInFailure};
use tenon_domain::organizations::{OrganizationFact, TeamFact};
use tenon_domain::projects::{GivenRole, ProjectFact, Status, Workflow};
use tenon_domain::tasks::TaskFact;
use tenon_domain::{CustomRoleId, Fact, TeamId, UserId};
use uuid::Uuid;

fn user(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn status(key: &str) -> Status {
    Workflow::standard().find(key).unwrap().clone()
}

/// One of every kind, with every value an enum in it can have.
pub(super) fn facts() -> Vec<Fact> {
    let (assignees, reporter) = (vec![user(1), user(2)], user(3));
    let people = || (assignees.clone(), reporter);
    let (from, to) = (status("in_progress"), status("done"));
    let email = Email::parse("new@example.com").unwrap();
    let tasks = [
        TaskFact::Created { assignees: people().0, reporter },
        TaskFact::Updated { assignees: people().0, reporter },
        TaskFact::Assigned { added: vec![user(1)], removed: vec![user(2)], reporter },
        TaskFact::StatusChanged { from: from.clone(), to: to.clone(), assignees: people().0, reporter },
        TaskFact::Completed { from, to, assignees: people().0, reporter },
        TaskFact::Deleted { assignees: people().0, reporter },
        TaskFact::Restored { assignees: people().0, reporter },
    ];
    let mut projects = vec![
        ProjectFact::Created,
        ProjectFact::Updated,
        ProjectFact::Archived,
        ProjectFact::Unarchived,
        ProjectFact::Deleted,
        ProjectFact::MemberRemoved { user: user(1) },
    ];
    let (team, members) = (TeamId::new(Uuid::from_u128(4)), vec![user(1), user(2)]);
    let custom = GivenRole::Custom(CustomRoleId::new(Uuid::from_u128(5)));
    for role in ProjectRole::ALL.iter().copied().map(GivenRole::from).chain([custom]) {
        projects.push(ProjectFact::MemberAdded { user: user(1), role });
        projects.push(ProjectFact::MemberRoleChanged { user: user(1), role });
        projects.push(ProjectFact::TeamAdded { team, role, members: members.clone() });
        projects.push(ProjectFact::TeamRoleChanged { team, role });
    }
    projects.push(ProjectFact::TeamRemoved { team, members });
    let teams = [
        TeamFact::Created,
        TeamFact::Updated,
        TeamFact::Deleted,
        TeamFact::MemberAdded { user: user(1) },
        TeamFact::MemberRemoved { user: user(1) },
    ];
    let mut organizations = vec![
        OrganizationFact::Created,
        OrganizationFact::Updated,
        OrganizationFact::InvitationRevoked { email: email.clone() },
        OrganizationFact::MemberRemoved { user: user(1) },
        OrganizationFact::RoleCreated,
        OrganizationFact::RoleUpdated,
        OrganizationFact::RoleDeleted,
        OrganizationFact::MemberSuspended { user: user(1) },
        OrganizationFact::MemberUnsuspended { user: user(1) },
        OrganizationFact::OwnershipTransferred { from: user(1), to: user(2) },
        OrganizationFact::DomainClaimed,
        OrganizationFact::DomainVerified,
        OrganizationFact::DomainUpdated,
        OrganizationFact::DomainLapsed { owners: vec![user(1), user(2)] },
        OrganizationFact::DomainRemoved,
    ];
    for &role in OrganizationRole::ALL {
        organizations.push(OrganizationFact::Invited { email: email.clone(), role });
        organizations.push(OrganizationFact::MemberJoined { user: user(1), role, invited_by: None });
        organizations.push(OrganizationFact::MemberJoined { user: user(1), role, invited_by: Some(user(2)) });
        organizations.push(OrganizationFact::MemberRoleChanged { user: user(1), role });
    }
    let mut identity = vec![
        IdentityFact::Registered,
        IdentityFact::ProfileUpdated,
        IdentityFact::SignedIn,
        IdentityFact::SignedOut,
        IdentityFact::OrganizationSwitched,
        IdentityFact::RefreshTokenReused,
        IdentityFact::SignInLocked,
        IdentityFact::SignInUnlocked,
        IdentityFact::TokenCreated,
        IdentityFact::TokenRevoked,
        IdentityFact::ServiceAccountCreated,
        IdentityFact::EmailVerified,
        IdentityFact::EmailChanged,
        IdentityFact::PasswordChanged,
        IdentityFact::PasswordResetRequested,
        IdentityFact::PasswordReset,
        IdentityFact::SecondFactorEnabled,
        IdentityFact::SecondFactorDisabled,
        IdentityFact::RecoveryCodeUsed,
        IdentityFact::RecoveryCodesReplaced,
        IdentityFact::PasskeyAdded,
        IdentityFact::PasskeyRenamed,
        IdentityFact::PasskeyRemoved,
        IdentityFact::PasskeyUsed,
        IdentityFact::PasskeyCounterReused,
        IdentityFact::IdentityLinked,
        IdentityFact::IdentityUnlinked,
        IdentityFact::IdentityProviderCreated,
        IdentityFact::IdentityProviderUpdated,
        IdentityFact::IdentityProviderDeleted,
        IdentityFact::Deleted,
        IdentityFact::Deactivated,
        IdentityFact::Reactivated,
    ];
    identity.extend(SignInFailure::ALL.iter().map(|&reason| IdentityFact::SignInFailed { reason }));
    let denied = Fact::PermissionDenied { permission: "task.edit".to_owned() };
    let mut all: Vec<Fact> = tasks.into_iter().map(Fact::Task).collect();
    all.extend(projects.into_iter().map(Fact::Project));
    all.extend(organizations.into_iter().map(Fact::Organization));
    all.extend(teams.map(Fact::Team));
    all.extend(identity.into_iter().map(Fact::Identity));
    all.push(denied);
    all
}

/// How many kinds there are. A new variant does not compile here until it is listed: then add it to [`facts`] too.
pub(super) fn number_of_kinds(fact: &Fact) -> usize {
    match fact {
        Fact::Task(
            TaskFact::Created { .. }
            | TaskFact::Updated { .. }
            | TaskFact::Assigned { .. }
            | TaskFact::StatusChanged { .. }
            | TaskFact::Completed { .. }
            | TaskFact::Deleted { .. }
            | TaskFact::Restored { .. },
        )
        | Fact::Project(
            ProjectFact::Created
            | ProjectFact::Updated
            | ProjectFact::Archived
            | ProjectFact::Unarchived
            | ProjectFact::Deleted
            | ProjectFact::MemberAdded { .. }
            | ProjectFact::MemberRoleChanged { .. }
            | ProjectFact::MemberRemoved { .. }
            | ProjectFact::TeamAdded { .. }
            | ProjectFact::TeamRoleChanged { .. }
            | ProjectFact::TeamRemoved { .. },
        )
        | Fact::Team(
            TeamFact::Created
            | TeamFact::Updated
            | TeamFact::Deleted
            | TeamFact::MemberAdded { .. }
            | TeamFact::MemberRemoved { .. },
        )
        | Fact::Organization(
            OrganizationFact::Created
            | OrganizationFact::Updated
            | OrganizationFact::Invited { .. }
            | OrganizationFact::InvitationRevoked { .. }
            | OrganizationFact::MemberJoined { .. }
            | OrganizationFact::MemberRoleChanged { .. }
            | OrganizationFact::MemberRemoved { .. }
            | OrganizationFact::RoleCreated
            | OrganizationFact::RoleUpdated
            | OrganizationFact::RoleDeleted
            | OrganizationFact::MemberSuspended { .. }
            | OrganizationFact::MemberUnsuspended { .. }
            | OrganizationFact::OwnershipTransferred { .. }
            | OrganizationFact::DomainClaimed
            | OrganizationFact::DomainVerified
            | OrganizationFact::DomainUpdated
            | OrganizationFact::DomainLapsed { .. }
            | OrganizationFact::DomainRemoved,
        )
        | Fact::Identity(
            IdentityFact::Registered
            | IdentityFact::ProfileUpdated
            | IdentityFact::SignedIn
            | IdentityFact::SignInFailed { .. }
            | IdentityFact::SignedOut
            | IdentityFact::OrganizationSwitched
            | IdentityFact::RefreshTokenReused
            | IdentityFact::SignInLocked
            | IdentityFact::SignInUnlocked
            | IdentityFact::TokenCreated
            | IdentityFact::TokenRevoked
            | IdentityFact::ServiceAccountCreated
            | IdentityFact::EmailVerified
            | IdentityFact::EmailChanged
            | IdentityFact::PasswordChanged
            | IdentityFact::PasswordResetRequested
            | IdentityFact::PasswordReset
            | IdentityFact::SecondFactorEnabled
            | IdentityFact::SecondFactorDisabled
            | IdentityFact::RecoveryCodeUsed
            | IdentityFact::RecoveryCodesReplaced
            | IdentityFact::PasskeyAdded
            | IdentityFact::PasskeyRenamed
            | IdentityFact::PasskeyRemoved
            | IdentityFact::PasskeyUsed
            | IdentityFact::PasskeyCounterReused
            | IdentityFact::IdentityLinked
            | IdentityFact::IdentityUnlinked
            | IdentityFact::IdentityProviderCreated
            | IdentityFact::IdentityProviderUpdated
            | IdentityFact::IdentityProviderDeleted
            | IdentityFact::Deleted
            | IdentityFact::Deactivated
            | IdentityFact::Reactivated,
        )
        | Fact::PermissionDenied { .. } => 7 + 8 + 3 + 5 + 10 + 8 + 6 + 5 + 3 + 3 + 4 + 5 + 5 + 3 + 1,
    }
}
