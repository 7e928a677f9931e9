//! Projects in SQL.

mod explicit;
mod leaving;
mod queries;
mod repository;
mod teams;

use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use tenon_application::StoreError;
use tenon_application::projects::NamedRole;
use tenon_domain::access::ProjectRole;
use tenon_domain::projects::{GivenRole, Status, StatusCategory, StatusKey, Workflow, WorkflowStatus};
use uuid::Uuid;

pub(super) use self::explicit::find_explicit;
use super::entities::workflow_status;
use super::error::Stored;
use super::rows::named;

/// The workflows of several projects, in one query.
async fn workflows<C: ConnectionTrait>(
    connection: &C,
    org: Uuid,
    projects: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<(Uuid, WorkflowStatus)>, StoreError> {
    let rows = workflow_status::Entity::find()
        .filter(workflow_status::Column::OrgId.eq(org))
        .filter(workflow_status::Column::ProjectId.is_in(projects))
        .order_by(workflow_status::Column::Position, Order::Asc)
        .all(connection)
        .await
        .stored()?;
    rows.into_iter()
        .map(|row| {
            let category = named("status category", &row.category, StatusCategory::parse)?;
            let status = Status { key: StatusKey::restore(row.key), category };
            Ok((row.project_id, WorkflowStatus { status, name: row.name }))
        })
        .collect()
}

fn workflow_of(project: Uuid, statuses: &[(Uuid, WorkflowStatus)]) -> Workflow {
    Workflow::restore(statuses.iter().filter(|(id, _)| *id == project).map(|(_, status)| status.clone()).collect())
}

/// A role in a project as it is stored, with a member or with a team.
pub(super) fn given_role(role: &str, custom: Option<Uuid>) -> Result<GivenRole, StoreError> {
    let role = named("project role", role, ProjectRole::parse)?;
    Ok(GivenRole::restore(role, custom.map(Into::into)))
}

/// A custom role beside what it was given to, unless the system role was written in its place.
fn named_role(role: ProjectRole, id: Option<Uuid>, name: Option<String>) -> Option<NamedRole> {
    let id = GivenRole::restore(role, id.map(Into::into)).custom()?;
    name.map(|name| NamedRole { id, name })
}
