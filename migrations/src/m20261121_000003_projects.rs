use sea_orm_migration::prelude::*;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let projects = table(manager, "projects")
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("key", 10))
            .col(line("name", 100))
            .col(text(manager, "description").null())
            .col(line("visibility", 20))
            .col(optional_id("lead_id"))
            .col(moment(manager, "archived_at").null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to("projects", "org_id", "organizations"))
            .to_owned();
        create(manager, projects, vec![unique("projects", &["org_id", "key"])]).await?;
        let members = table(manager, "project_members")
            .col(id("project_id"))
            .col(id("user_id"))
            .col(id("org_id"))
            .col(line("role", 20))
            .col(moment(manager, "added_at").not_null())
            .primary_key(Index::create().col("project_id").col("user_id"))
            .foreign_key(&mut belongs_to("project_members", "project_id", "projects"))
            .to_owned();
        create(manager, members, vec![index("project_members", &["org_id", "user_id"])]).await?;
        let statuses = table(manager, "workflow_statuses")
            .col(id("project_id"))
            .col(line("key", 40))
            .col(id("org_id"))
            .col(ColumnDef::new("position").integer().not_null())
            .col(line("name", 100))
            .col(line("category", 20))
            .primary_key(Index::create().col("project_id").col("key"))
            .foreign_key(&mut belongs_to("workflow_statuses", "project_id", "projects"))
            .to_owned();
        create(manager, statuses, vec![]).await?;
        // The numbers of tasks have a row of their own, so that taking one does not wait for edits of the project.
        let counters = table(manager, "project_counters")
            .col(id("project_id").primary_key())
            .col(id("org_id"))
            .col(counter("last_number"))
            .foreign_key(&mut belongs_to("project_counters", "project_id", "projects"))
            .to_owned();
        create(manager, counters, vec![]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["project_counters", "workflow_statuses", "project_members", "projects"]).await
    }
}
