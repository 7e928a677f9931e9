//! The part of the wire format that differs between events.

use serde::{Deserialize, Serialize};
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, IdentityFact, SignInFailure};
use tenon_domain::organizations::OrganizationFact;
use tenon_domain::projects::{ProjectFact, Status, StatusCategory, StatusKey};
use tenon_domain::tasks::TaskFact;
use tenon_domain::{Fact, UserId};
use uuid::Uuid;

use super::team_data;

/// A status on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    pub key: String,
    pub category: String,
}

/// What an event carries besides its envelope. Shapes are only ever added to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventData {
    /// The envelope says it all.
    Plain,
    TaskPeople {
        assignees: Vec<Uuid>,
        reporter: Uuid,
    },
    TaskAssignment {
        added: Vec<Uuid>,
        removed: Vec<Uuid>,
        reporter: Uuid,
    },
    TaskStatus {
        from: StatusRecord,
        to: StatusRecord,
        assignees: Vec<Uuid>,
        reporter: Uuid,
    },
    ProjectMember {
        user: Uuid,
        role: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_role: Option<Uuid>,
    },
    ProjectTeam {
        team: Uuid,
        role: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_role: Option<Uuid>,
        members: Vec<Uuid>,
    },
    TeamMember {
        user: Uuid,
    },
    Invitation {
        email: String,
        role: Option<String>,
    },
    Membership {
        user: Uuid,
        role: Option<String>,
        invited_by: Option<Uuid>,
    },
    Ownership {
        from: Uuid,
        to: Uuid,
    },
    DomainOwners {
        owners: Vec<Uuid>,
    },
    SignInFailure {
        reason: String,
    },
    Permission {
        permission: String,
    },
    Delivery(Delivery),
}

/// The ways out of Tenon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Email,
    Push,
}

/// A message on its way to one recipient over one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub channel: Channel,
    /// The kind of the notification (`task.assigned`), which chooses the template.
    pub kind: String,
    /// The user, or nobody when the message goes to an address that has no account yet.
    pub user: Option<Uuid>,
    pub address: Option<String>,
    pub title: String,
    pub body: String,
    pub organization_name: String,
    /// Set for an invitation: the email holds its link, which is made when the email is.
    pub invitation: Option<Uuid>,
    /// Set for a mail with a link that confirms something about an account: it is made like that of an invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_request: Option<Uuid>,
    /// What the message is about, for its link.
    pub resource_kind: String,
    pub resource_id: Uuid,
    /// The event that caused it; of a mail about an account, its request or the user.
    pub caused_by: Uuid,
}

impl Delivery {
    pub const EMAIL: &'static str = "notification.email";
    pub const PUSH: &'static str = "notification.push";

    pub const fn event_name(&self) -> &'static str {
        match self.channel {
            Channel::Email => Self::EMAIL,
            Channel::Push => Self::PUSH,
        }
    }
}

impl From<&Fact> for EventData {
    fn from(fact: &Fact) -> Self {
        match fact {
            Fact::Task(fact) => from_task(fact),
            Fact::Project(fact) => from_project(fact),
            Fact::Organization(fact) => from_organization(fact),
            Fact::Team(fact) => team_data::from_team(fact),
            Fact::Identity(IdentityFact::SignInFailed { reason }) => {
                Self::SignInFailure { reason: reason.as_str().to_owned() }
            }
            Fact::Identity(_) => Self::Plain,
            Fact::PermissionDenied { permission } => Self::Permission { permission: permission.clone() },
        }
    }
}

fn from_task(fact: &TaskFact) -> EventData {
    match fact {
        TaskFact::Created { assignees, reporter }
        | TaskFact::Updated { assignees, reporter }
        | TaskFact::Deleted { assignees, reporter }
        | TaskFact::Restored { assignees, reporter } => {
            EventData::TaskPeople { assignees: uuids(assignees), reporter: reporter.uuid() }
        }
        TaskFact::Assigned { added, removed, reporter } => {
            EventData::TaskAssignment { added: uuids(added), removed: uuids(removed), reporter: reporter.uuid() }
        }
        TaskFact::StatusChanged { from, to, assignees, reporter }
        | TaskFact::Completed { from, to, assignees, reporter } => EventData::TaskStatus {
            from: status_record(from),
            to: status_record(to),
            assignees: uuids(assignees),
            reporter: reporter.uuid(),
        },
    }
}

fn from_project(fact: &ProjectFact) -> EventData {
    match fact {
        ProjectFact::MemberAdded { user, role } | ProjectFact::MemberRoleChanged { user, role } => {
            let (role, custom_role) = team_data::role_record(*role);
            EventData::ProjectMember { user: user.uuid(), role: Some(role), custom_role }
        }
        ProjectFact::MemberRemoved { user } => {
            EventData::ProjectMember { user: user.uuid(), role: None, custom_role: None }
        }
        ProjectFact::TeamAdded { team, role, members } => team_data::project_team(*team, Some(*role), uuids(members)),
        ProjectFact::TeamRoleChanged { team, role } => team_data::project_team(*team, Some(*role), Vec::new()),
        ProjectFact::TeamRemoved { team, members } => team_data::project_team(*team, None, uuids(members)),
        ProjectFact::Created
        | ProjectFact::Updated
        | ProjectFact::Archived
        | ProjectFact::Unarchived
        | ProjectFact::Deleted => EventData::Plain,
    }
}

fn from_organization(fact: &OrganizationFact) -> EventData {
    match fact {
        OrganizationFact::Created
        | OrganizationFact::Updated
        | OrganizationFact::RoleCreated
        | OrganizationFact::RoleUpdated
        | OrganizationFact::RoleDeleted
        | OrganizationFact::DomainClaimed
        | OrganizationFact::DomainVerified
        | OrganizationFact::DomainUpdated
        | OrganizationFact::DomainRemoved => EventData::Plain,
        OrganizationFact::Invited { email, role } => {
            EventData::Invitation { email: email.to_string(), role: Some(role.as_str().to_owned()) }
        }
        OrganizationFact::InvitationRevoked { email } => EventData::Invitation { email: email.to_string(), role: None },
        OrganizationFact::MemberJoined { user, role, invited_by } => EventData::Membership {
            user: user.uuid(),
            role: Some(role.as_str().to_owned()),
            invited_by: invited_by.map(UserId::uuid),
        },
        OrganizationFact::MemberRoleChanged { user, role } => {
            EventData::Membership { user: user.uuid(), role: Some(role.as_str().to_owned()), invited_by: None }
        }
        OrganizationFact::MemberRemoved { user }
        | OrganizationFact::MemberSuspended { user }
        | OrganizationFact::MemberUnsuspended { user } => {
            EventData::Membership { user: user.uuid(), role: None, invited_by: None }
        }
        OrganizationFact::OwnershipTransferred { from, to } => {
            EventData::Ownership { from: from.uuid(), to: to.uuid() }
        }
        OrganizationFact::DomainLapsed { owners } => EventData::DomainOwners { owners: uuids(owners) },
    }
}

/// Reads a fact back from the wire. `None` for what this version does not know.
pub(super) fn read_fact(name: &str, data: &EventData) -> Option<Fact> {
    Some(match (name, data) {
        ("task.created", EventData::TaskPeople { assignees, reporter }) => {
            Fact::Task(TaskFact::Created { assignees: users(assignees), reporter: (*reporter).into() })
        }
        ("task.updated", EventData::TaskPeople { assignees, reporter }) => {
            Fact::Task(TaskFact::Updated { assignees: users(assignees), reporter: (*reporter).into() })
        }
        ("task.deleted", EventData::TaskPeople { assignees, reporter }) => {
            Fact::Task(TaskFact::Deleted { assignees: users(assignees), reporter: (*reporter).into() })
        }
        ("task.restored", EventData::TaskPeople { assignees, reporter }) => {
            Fact::Task(TaskFact::Restored { assignees: users(assignees), reporter: (*reporter).into() })
        }
        ("task.assigned", EventData::TaskAssignment { added, removed, reporter }) => Fact::Task(TaskFact::Assigned {
            added: users(added),
            removed: users(removed),
            reporter: (*reporter).into(),
        }),
        ("task.status_changed", EventData::TaskStatus { from, to, assignees, reporter }) => {
            Fact::Task(TaskFact::StatusChanged {
                from: status(from)?,
                to: status(to)?,
                assignees: users(assignees),
                reporter: (*reporter).into(),
            })
        }
        ("task.completed", EventData::TaskStatus { from, to, assignees, reporter }) => {
            Fact::Task(TaskFact::Completed {
                from: status(from)?,
                to: status(to)?,
                assignees: users(assignees),
                reporter: (*reporter).into(),
            })
        }
        _ if name.starts_with("project.") => Fact::Project(read_project(name, data)?),
        _ if name.starts_with("organization.") || name.starts_with("role.") => {
            Fact::Organization(read_organization(name, data)?)
        }
        _ if name.starts_with("team.") => Fact::Team(team_data::read_team(name, data)?),
        ("permission.denied", EventData::Permission { permission }) => {
            Fact::PermissionDenied { permission: permission.clone() }
        }
        _ => Fact::Identity(read_identity(name, data)?),
    })
}

fn read_project(name: &str, data: &EventData) -> Option<ProjectFact> {
    Some(match (name, data) {
        ("project.created", _) => ProjectFact::Created,
        ("project.updated", _) => ProjectFact::Updated,
        ("project.archived", _) => ProjectFact::Archived,
        ("project.unarchived", _) => ProjectFact::Unarchived,
        ("project.deleted", _) => ProjectFact::Deleted,
        ("project.member_added", EventData::ProjectMember { user, role: Some(role), custom_role }) => {
            ProjectFact::MemberAdded { user: (*user).into(), role: team_data::role(role, *custom_role)? }
        }
        ("project.member_role_changed", EventData::ProjectMember { user, role: Some(role), custom_role }) => {
            ProjectFact::MemberRoleChanged { user: (*user).into(), role: team_data::role(role, *custom_role)? }
        }
        ("project.member_removed", EventData::ProjectMember { user, .. }) => {
            ProjectFact::MemberRemoved { user: (*user).into() }
        }
        ("project.team_added", EventData::ProjectTeam { team, role: Some(role), custom_role, members }) => {
            let role = team_data::role(role, *custom_role)?;
            ProjectFact::TeamAdded { team: (*team).into(), role, members: users(members) }
        }
        ("project.team_role_changed", EventData::ProjectTeam { team, role: Some(role), custom_role, .. }) => {
            ProjectFact::TeamRoleChanged { team: (*team).into(), role: team_data::role(role, *custom_role)? }
        }
        ("project.team_removed", EventData::ProjectTeam { team, members, .. }) => {
            ProjectFact::TeamRemoved { team: (*team).into(), members: users(members) }
        }
        _ => return None,
    })
}

fn read_organization(name: &str, data: &EventData) -> Option<OrganizationFact> {
    Some(match (name, data) {
        ("organization.created", _) => OrganizationFact::Created,
        ("organization.updated", _) => OrganizationFact::Updated,
        ("role.created", _) => OrganizationFact::RoleCreated,
        ("role.updated", _) => OrganizationFact::RoleUpdated,
        ("role.deleted", _) => OrganizationFact::RoleDeleted,
        ("organization.invited", EventData::Invitation { email, role: Some(role) }) => {
            OrganizationFact::Invited { email: Email::restore(email.clone()), role: OrganizationRole::parse(role)? }
        }
        ("organization.invitation_revoked", EventData::Invitation { email, .. }) => {
            OrganizationFact::InvitationRevoked { email: Email::restore(email.clone()) }
        }
        ("organization.member_joined", EventData::Membership { user, role: Some(role), invited_by }) => {
            OrganizationFact::MemberJoined {
                user: (*user).into(),
                role: OrganizationRole::parse(role)?,
                invited_by: invited_by.map(Into::into),
            }
        }
        ("organization.member_role_changed", EventData::Membership { user, role: Some(role), .. }) => {
            OrganizationFact::MemberRoleChanged { user: (*user).into(), role: OrganizationRole::parse(role)? }
        }
        ("organization.member_removed", EventData::Membership { user, .. }) => {
            OrganizationFact::MemberRemoved { user: (*user).into() }
        }
        ("organization.member_suspended", EventData::Membership { user, .. }) => {
            OrganizationFact::MemberSuspended { user: (*user).into() }
        }
        ("organization.member_unsuspended", EventData::Membership { user, .. }) => {
            OrganizationFact::MemberUnsuspended { user: (*user).into() }
        }
        ("organization.ownership_transferred", EventData::Ownership { from, to }) => {
            OrganizationFact::OwnershipTransferred { from: (*from).into(), to: (*to).into() }
        }
        ("organization.domain_claimed", _) => OrganizationFact::DomainClaimed,
        ("organization.domain_verified", _) => OrganizationFact::DomainVerified,
        ("organization.domain_updated", _) => OrganizationFact::DomainUpdated,
        ("organization.domain_lapsed", EventData::DomainOwners { owners }) => {
            OrganizationFact::DomainLapsed { owners: users(owners) }
        }
        ("organization.domain_removed", _) => OrganizationFact::DomainRemoved,
        _ => return None,
    })
}

fn read_identity(name: &str, data: &EventData) -> Option<IdentityFact> {
    Some(match (name, data) {
        ("user.registered", _) => IdentityFact::Registered,
        ("user.deleted", _) => IdentityFact::Deleted,
        ("user.deactivated", _) => IdentityFact::Deactivated,
        ("user.reactivated", _) => IdentityFact::Reactivated,
        ("user.updated", _) => IdentityFact::ProfileUpdated,
        ("auth.signed_in", _) => IdentityFact::SignedIn,
        ("auth.signed_out", _) => IdentityFact::SignedOut,
        ("auth.organization_switched", _) => IdentityFact::OrganizationSwitched,
        ("auth.refresh_token_reused", _) => IdentityFact::RefreshTokenReused,
        ("auth.sign_in_locked", _) => IdentityFact::SignInLocked,
        ("auth.sign_in_unlocked", _) => IdentityFact::SignInUnlocked,
        ("auth.mfa_enabled", _) => IdentityFact::SecondFactorEnabled,
        ("auth.mfa_disabled", _) => IdentityFact::SecondFactorDisabled,
        ("auth.recovery_code_used", _) => IdentityFact::RecoveryCodeUsed,
        ("auth.recovery_codes_replaced", _) => IdentityFact::RecoveryCodesReplaced,
        ("auth.passkey_added", _) => IdentityFact::PasskeyAdded,
        ("auth.passkey_renamed", _) => IdentityFact::PasskeyRenamed,
        ("auth.passkey_removed", _) => IdentityFact::PasskeyRemoved,
        ("auth.passkey_used", _) => IdentityFact::PasskeyUsed,
        ("auth.passkey_counter_reused", _) => IdentityFact::PasskeyCounterReused,
        ("auth.identity_linked", _) => IdentityFact::IdentityLinked,
        ("auth.identity_unlinked", _) => IdentityFact::IdentityUnlinked,
        ("identity_provider.created", _) => IdentityFact::IdentityProviderCreated,
        ("identity_provider.updated", _) => IdentityFact::IdentityProviderUpdated,
        ("identity_provider.deleted", _) => IdentityFact::IdentityProviderDeleted,
        ("token.created", _) => IdentityFact::TokenCreated,
        ("token.revoked", _) => IdentityFact::TokenRevoked,
        ("service_account.created", _) => IdentityFact::ServiceAccountCreated,
        ("user.email_verified", _) => IdentityFact::EmailVerified,
        ("user.email_changed", _) => IdentityFact::EmailChanged,
        ("user.password_changed", _) => IdentityFact::PasswordChanged,
        ("auth.password_reset_requested", _) => IdentityFact::PasswordResetRequested,
        ("user.password_reset", _) => IdentityFact::PasswordReset,
        ("auth.sign_in_failed", EventData::SignInFailure { reason }) => {
            IdentityFact::SignInFailed { reason: SignInFailure::parse(reason)? }
        }
        _ => return None,
    })
}

fn uuids(users: &[UserId]) -> Vec<Uuid> {
    users.iter().map(|user| user.uuid()).collect()
}

fn users(uuids: &[Uuid]) -> Vec<UserId> {
    uuids.iter().copied().map(UserId::new).collect()
}

fn status_record(status: &Status) -> StatusRecord {
    StatusRecord { key: status.key.as_str().to_owned(), category: status.category.as_str().to_owned() }
}

fn status(record: &StatusRecord) -> Option<Status> {
    Some(Status { key: StatusKey::restore(record.key.clone()), category: StatusCategory::parse(&record.category)? })
}
