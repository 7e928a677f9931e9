//! Teams, who is in them, and what they are in projects.

mod leaving;
mod queries;
mod repository;

use tenon_domain::organizations::{TeamDescription, TeamName, TeamState};

use super::entities::team;

fn team_state(row: team::Model) -> TeamState {
    TeamState {
        id: row.id.into(),
        name: TeamName::restore(row.name),
        description: row.description.map(TeamDescription::restore),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
