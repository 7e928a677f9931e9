//! What events about teams, and about roles in projects, look like on the wire.

use tenon_domain::access::ProjectRole;
use tenon_domain::organizations::TeamFact;
use tenon_domain::projects::GivenRole;
use tenon_domain::{CustomRoleId, TeamId};
use uuid::Uuid;

use super::data::EventData;

pub(super) fn from_team(fact: &TeamFact) -> EventData {
    match fact {
        TeamFact::Created | TeamFact::Updated | TeamFact::Deleted => EventData::Plain,
        TeamFact::MemberAdded { user } | TeamFact::MemberRemoved { user } => {
            EventData::TeamMember { user: user.uuid() }
        }
    }
}

pub(super) fn read_team(name: &str, data: &EventData) -> Option<TeamFact> {
    Some(match (name, data) {
        ("team.created", _) => TeamFact::Created,
        ("team.updated", _) => TeamFact::Updated,
        ("team.deleted", _) => TeamFact::Deleted,
        ("team.member_added", EventData::TeamMember { user }) => TeamFact::MemberAdded { user: (*user).into() },
        ("team.member_removed", EventData::TeamMember { user }) => TeamFact::MemberRemoved { user: (*user).into() },
        _ => return None,
    })
}

pub(super) fn project_team(team: TeamId, role: Option<GivenRole>, members: Vec<Uuid>) -> EventData {
    let (role, custom_role) = role.map(role_record).unzip();
    EventData::ProjectTeam { team: team.uuid(), role, custom_role: custom_role.flatten(), members }
}

/// A role on the wire: the system's, and the custom one beside it.
pub(super) fn role_record(role: GivenRole) -> (String, Option<Uuid>) {
    (role.role().as_str().to_owned(), role.custom().map(CustomRoleId::uuid))
}

/// Reads a role back. `None` for one of the system's that this version does not know.
pub(super) fn role(name: &str, custom: Option<Uuid>) -> Option<GivenRole> {
    ProjectRole::parse(name).map(|role| GivenRole::restore(role, custom.map(Into::into)))
}
