//! What the cache knows of sessions and roles, and under which names.

use chrono::TimeZone;
use tenon_domain::access::{OrganizationAccess, OrganizationRole};
use tenon_domain::{CustomRoleId, OrganizationId, SessionId, Timestamp, UserId};
use uuid::Uuid;

pub(super) const NO_ROLE: &str = "none";

/// A session as the cache knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CachedSession {
    Live { user: UserId, expires_at: Timestamp },
    Ended,
}

impl CachedSession {
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Live { user, expires_at } => format!("{user} {}", expires_at.timestamp_millis()),
            Self::Ended => "ended".to_owned(),
        }
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        if text == "ended" {
            return Some(Self::Ended);
        }
        let (user, expires_at) = text.split_once(' ')?;
        let expires_at = chrono::Utc.timestamp_millis_opt(expires_at.parse().ok()?).single()?;
        Some(Self::Live { user: Uuid::parse_str(user).ok()?.into(), expires_at })
    }
}

/// The role of a member as the cache knows it. What a custom role permits is kept by itself, so that a change of it
/// reaches everybody who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CachedRole {
    Absent,
    System(OrganizationRole),
    Custom(OrganizationRole, CustomRoleId),
}

impl CachedRole {
    pub(super) fn of(access: Option<OrganizationAccess>) -> Self {
        match access {
            None => Self::Absent,
            Some(OrganizationAccess { role, custom_role: None, .. }) => Self::System(role),
            Some(OrganizationAccess { role, custom_role: Some(id), .. }) => Self::Custom(role, id),
        }
    }

    pub(super) fn encode(self) -> String {
        match self {
            Self::Absent => NO_ROLE.to_owned(),
            Self::System(role) => role.as_str().to_owned(),
            Self::Custom(role, id) => format!("{role} {id}"),
        }
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        if text == NO_ROLE {
            return Some(Self::Absent);
        }
        match text.split_once(' ') {
            None => OrganizationRole::parse(text).map(Self::System),
            Some((role, id)) => Some(Self::Custom(OrganizationRole::parse(role)?, Uuid::parse_str(id).ok()?.into())),
        }
    }
}

pub(super) fn session_key(id: SessionId) -> String {
    format!("session:{id}")
}

pub(super) fn mfa_key(user: UserId) -> String {
    format!("mfa:{user}")
}

pub(super) fn mfa_requirement_key(organization: OrganizationId) -> String {
    format!("mfa-requirement:{organization}")
}

pub(super) fn role_key(organization: OrganizationId, user: UserId) -> String {
    format!("role:{organization}:{user}")
}

pub(super) fn custom_role_key(organization: OrganizationId, role: CustomRoleId) -> String {
    format!("custom-role:{organization}:{role}")
}
