//! (c): in one transaction bumps the project's counter, inserts the row and an outbox row.

use actix_web::error::{ErrorInternalServerError, ErrorNotFound};
use actix_web::web::{Data, Json};
use actix_web::{HttpResponse, Result, post};
use chrono::{DateTime, Utc};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, Statement};
use serde::Deserialize;
use uuid::Uuid;

use super::row::{self, TaskJson};
use super::store::Store;

mod outbox {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) org_id: Option<Uuid>,
        pub(crate) name: String,
        pub(crate) payload: String,
        pub(crate) remaining: i32,
        pub(crate) deliveries: i32,
        pub(crate) occurred_at: DateTimeUtc,
        pub(crate) due_at: Option<DateTimeUtc>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// As much of the body as a row needs.
#[derive(Deserialize)]
struct NewTask {
    project_id: Uuid,
    title: String,
    assignee_ids: Vec<Uuid>,
    labels: Vec<String>,
    estimate: Option<i32>,
}

#[post("/insert/tasks")]
pub(crate) async fn insert(body: Json<NewTask>, store: Data<Store>) -> Result<HttpResponse> {
    let row = store_task(&store, body.into_inner()).await.map_err(ErrorInternalServerError)?;
    let row = row.ok_or_else(|| ErrorNotFound("no such project"))?;
    Ok(HttpResponse::Created().json(TaskJson::try_from(row)?))
}

async fn store_task(store: &Store, new: NewTask) -> Result<Option<row::Model>, DbErr> {
    let transaction = store.begin().await?;
    let Some((number, org)) = next_number(&transaction, store.backend(), new.project_id).await? else {
        return Ok(None);
    };
    let now = Utc::now();
    let row = task(new, org, number, now);
    let active = row::ActiveModel::from(row.clone()).reset_all();
    row::Entity::insert(active).exec_without_returning(&transaction).await?;
    let event = outbox::Model {
        id: Uuid::now_v7(),
        org_id: Some(org),
        name: "task.created".to_owned(),
        // About as much as Tenon's event says.
        payload: serde_json::json!({
            "id": row.id, "organization_id": org, "occurred_at": now, "title": row.title, "key": row.number,
            "assignees": row.assignee_ids, "labels": row.labels, "project": row.project_id,
            "actor": row.reporter_id, "status": row.status, "version": 1, "name": "task.created",
            "request_id": row.id, "user_agent": "a driver", "ip": "127.0.0.1",
        })
        .to_string(),
        remaining: 2,
        deliveries: 0,
        occurred_at: now,
        due_at: Some(now),
    };
    let active = outbox::ActiveModel::from(event).reset_all();
    outbox::Entity::insert(active).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    Ok(Some(row))
}

async fn next_number(
    transaction: &DatabaseTransaction,
    backend: DbBackend,
    project: Uuid,
) -> Result<Option<(i64, Uuid)>, DbErr> {
    let statement = |sql: &str| Statement::from_sql_and_values(backend, sql, [project.into()]);
    let row = if backend == DbBackend::MySql {
        let bump = "UPDATE project_counters SET last_number = last_number + 1 WHERE project_id = ?";
        transaction.execute_raw(statement(bump)).await?;
        let read = "SELECT last_number, org_id FROM project_counters WHERE project_id = ?";
        transaction.query_one_raw(statement(read)).await?
    } else {
        let bump = "UPDATE project_counters SET last_number = last_number + 1 WHERE project_id = $1 \
                    RETURNING last_number, org_id";
        transaction.query_one_raw(statement(bump)).await?
    };
    row.map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).transpose()
}

fn task(new: NewTask, org: Uuid, number: i64, now: DateTime<Utc>) -> row::Model {
    row::Model {
        id: Uuid::now_v7(),
        org_id: org,
        project_id: new.project_id,
        // Any that is its own: the tasks that are there already have the real one.
        project_key: new.project_id.simple().to_string().split_off(22),
        number,
        task_type: "task".to_owned(),
        title: new.title,
        description: None,
        status: "backlog".to_owned(),
        status_category: "backlog".to_owned(),
        priority: 2,
        reporter_id: new.project_id,
        assignee_ids: serde_json::json!(new.assignee_ids).to_string(),
        labels: serde_json::json!(new.labels).to_string(),
        parent_id: None,
        start_date: None,
        due_date: None,
        estimate: new.estimate,
        version: 1,
        created_at: now,
        updated_at: now,
        completed_at: None,
        deleted_at: None,
    }
}
