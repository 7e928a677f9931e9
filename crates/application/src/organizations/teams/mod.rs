//! Teams: named sets of members, which are added to projects as a whole.

mod list_teams;
mod ports;
mod team;
mod team_members;
mod views;

pub use list_teams::{FindTeam, ListTeamMembers, ListTeams};
#[cfg(test)]
pub(crate) use ports::MockTeamQueries;
pub use ports::{TeamQueries, TeamRepository};
pub use team::{CreateTeam, DeleteTeam, EditTeam};
pub use team_members::{AddTeamMember, RemoveTeamMember};
pub use views::{TeamMemberView, TeamView};

#[cfg(test)]
mod tests;
