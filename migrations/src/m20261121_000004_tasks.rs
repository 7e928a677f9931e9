use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tasks = table(manager, "tasks")
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(id("project_id"))
            .col(line("project_key", 10))
            .col(counter("number"))
            .col(line("task_type", 20))
            .col(line("title", 200))
            .col(text(manager, "description").null())
            .col(line("status", 40))
            .col(line("status_category", 20))
            .col(ColumnDef::new("priority").small_integer().not_null())
            .col(id("reporter_id"))
            // What the two tables below hold, in order, so that reading a task takes one row.
            .col(text(manager, "assignee_ids").not_null())
            .col(text(manager, "labels").not_null())
            .col(optional_id("parent_id"))
            .col(ColumnDef::new("start_date").date().null())
            .col(ColumnDef::new("due_date").date().null())
            .col(ColumnDef::new("estimate").integer().null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .col(moment(manager, "completed_at").null())
            .col(moment(manager, "deleted_at").null())
            .foreign_key(&mut belongs_to("tasks", "project_id", "projects"))
            .to_owned();
        let indexes = vec![
            unique("tasks", &["org_id", "project_key", "number"]),
            index("tasks", &["project_id", "created_at", "id"]),
            index("tasks", &["org_id", "created_at", "id"]),
            index("tasks", &["org_id", "updated_at", "id"]),
            index("tasks", &["parent_id"]),
        ];
        create(manager, tasks, indexes).await?;
        let assignees = table(manager, "task_assignees")
            .col(id("task_id"))
            .col(id("user_id"))
            .col(id("org_id"))
            .primary_key(Index::create().col("task_id").col("user_id"))
            .foreign_key(&mut belongs_to("task_assignees", "task_id", "tasks"))
            .to_owned();
        create(manager, assignees, vec![index("task_assignees", &["org_id", "user_id", "task_id"])]).await?;
        let labels = table(manager, "task_labels")
            .col(id("task_id"))
            .col(line("label", 50))
            .col(id("org_id"))
            .primary_key(Index::create().col("task_id").col("label"))
            .foreign_key(&mut belongs_to("task_labels", "task_id", "tasks"))
            .to_owned();
        create(manager, labels, vec![index("task_labels", &["org_id", "label", "task_id"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["task_labels", "task_assignees", "tasks"]).await
    }
}
