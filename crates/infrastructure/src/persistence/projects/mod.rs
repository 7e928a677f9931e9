//! Projects in SQL.

mod queries;
mod repository;

use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use tenon_application::StoreError;
use tenon_domain::projects::{Status, StatusCategory, StatusKey, Workflow, WorkflowStatus};
use uuid::Uuid;

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
