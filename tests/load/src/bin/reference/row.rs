//! (b): reads a row by its primary key, or the newest 50 of a project, and serializes it as Tenon does.

use actix_web::error::{ErrorInternalServerError, ErrorNotFound};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpResponse, Result, get};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

use super::store::Store;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) org_id: Uuid,
    pub(crate) project_id: Uuid,
    pub(crate) project_key: String,
    pub(crate) number: i64,
    pub(crate) task_type: String,
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) status: String,
    pub(crate) status_category: String,
    pub(crate) priority: i16,
    pub(crate) reporter_id: Uuid,
    pub(crate) assignee_ids: String,
    pub(crate) labels: String,
    pub(crate) parent_id: Option<Uuid>,
    pub(crate) start_date: Option<NaiveDate>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) estimate: Option<i32>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTimeUtc,
    pub(crate) updated_at: DateTimeUtc,
    pub(crate) completed_at: Option<DateTimeUtc>,
    pub(crate) deleted_at: Option<DateTimeUtc>,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A task in JSON, member by member as Tenon answers it.
#[derive(Serialize, Deserialize)]
pub(crate) struct TaskJson {
    id: Uuid,
    key: String,
    number: i64,
    project_id: Uuid,
    #[serde(rename = "type")]
    task_type: String,
    title: String,
    description: Option<String>,
    status: String,
    status_category: String,
    priority: String,
    reporter_id: Uuid,
    assignee_ids: Vec<Uuid>,
    labels: Vec<String>,
    parent_id: Option<Uuid>,
    start_date: Option<NaiveDate>,
    due_date: Option<NaiveDate>,
    estimate: Option<i32>,
    version: i64,
    created_at: String,
    updated_at: String,
    completed_at: Option<String>,
}

impl TryFrom<Model> for TaskJson {
    type Error = serde_json::Error;

    fn try_from(row: Model) -> Result<Self, serde_json::Error> {
        let moment = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
        let priorities = ["none", "low", "medium", "high", "urgent"];
        let priority = usize::try_from(row.priority).ok().and_then(|rank| priorities.get(rank)).unwrap_or(&"none");
        Ok(Self {
            id: row.id,
            key: format!("{}-{}", row.project_key, row.number),
            number: row.number,
            project_id: row.project_id,
            task_type: row.task_type,
            title: row.title,
            description: row.description,
            status: row.status,
            status_category: row.status_category,
            priority: (*priority).to_owned(),
            reporter_id: row.reporter_id,
            assignee_ids: serde_json::from_str(&row.assignee_ids)?,
            labels: serde_json::from_str(&row.labels)?,
            parent_id: row.parent_id,
            start_date: row.start_date,
            due_date: row.due_date,
            estimate: row.estimate,
            version: row.version,
            created_at: moment(row.created_at),
            updated_at: moment(row.updated_at),
            completed_at: row.completed_at.map(moment),
        })
    }
}

#[get("/row/tasks/{id}")]
pub(crate) async fn by_id(id: Path<Uuid>, store: Data<Store>) -> Result<HttpResponse> {
    let row = Entity::find_by_id(*id).one(&store.reader).await.map_err(ErrorInternalServerError)?;
    let row = row.ok_or_else(|| ErrorNotFound("no such task"))?;
    Ok(HttpResponse::Ok().json(TaskJson::try_from(row)?))
}

#[derive(Deserialize)]
struct OfProject {
    project_id: Uuid,
    limit: u64,
}

#[derive(Serialize)]
struct Page {
    data: Vec<TaskJson>,
    next_cursor: Option<Uuid>,
}

#[get("/row/tasks")]
pub(crate) async fn of_project(query: Query<OfProject>, store: Data<Store>) -> Result<HttpResponse> {
    let rows = Entity::find()
        .filter(Column::ProjectId.eq(query.project_id))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .limit(query.limit)
        .all(&store.reader)
        .await
        .map_err(ErrorInternalServerError)?;
    let next_cursor = rows.last().map(|row| row.id);
    let data = rows.into_iter().map(TaskJson::try_from).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(Page { data, next_cursor }))
}
