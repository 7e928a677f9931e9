//! Notifications: messages to one user about what happened.
//!
//! The **audience** of an event is who it concerns, never who caused it. A notification is **unread** until its user
//! reads it.

mod audience;

pub use audience::{Recipient, audience};

use crate::text::named_enum;

named_enum! {
    /// What a notification tells. The names are those of the events, but for an assignment at creation, and for a
    /// team that is added to a project.
    NotificationKind {
        TaskAssigned => "task.assigned",
        TaskUnassigned => "task.unassigned",
        TaskStatusChanged => "task.status_changed",
        TaskCompleted => "task.completed",
        TaskDeleted => "task.deleted",
        ProjectMemberAdded => "project.member_added",
        ProjectMemberRemoved => "project.member_removed",
        TeamMemberAdded => "team.member_added",
        OrganizationInvited => "organization.invited",
        OrganizationMemberJoined => "organization.member_joined",
        OrganizationRoleChanged => "organization.member_role_changed",
        OrganizationMemberUnsuspended => "organization.member_unsuspended",
        OrganizationDomainLapsed => "organization.domain_lapsed",
    }
}
