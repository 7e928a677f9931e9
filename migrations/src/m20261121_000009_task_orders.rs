use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::*;

/// An index for each order in which the tasks of a project can be listed; those of creation and of keys exist.
///
/// Lists of several projects are merged from these, so that the indexes over a whole organization have no use any
/// more, and would only tempt the planner to search for a project's tasks in them.
///
/// Creating an index keeps writers of `tasks` waiting on PostgreSQL and SQLite (readers go on); MySQL and
/// MariaDB build them online.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ORDERS: &[&str] = &["updated_at", "title", "priority", "start_date", "due_date"];

fn of_a_project() -> impl Iterator<Item = Vec<&'static str>> {
    // The last one tells how many tasks are in a status, to see whether they are few.
    ORDERS.iter().map(|order| vec!["project_id", order, "id"]).chain([vec!["project_id", "status"]])
}

const OF_AN_ORGANIZATION: &[&str] = &["created_at", "updated_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_the_time(manager).await?;
        for columns in of_a_project() {
            let mut index = index("tasks", &columns);
            // MySQL and MariaDB have no partial indexes.
            if manager.get_database_backend() != DbBackend::MySql {
                index.and_where(Expr::col("deleted_at").is_null());
            }
            create_index(manager, "tasks", index).await?;
        }
        for order in OF_AN_ORGANIZATION {
            drop_index(manager, "tasks", &["org_id", order, "id"]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        take_the_time(manager).await?;
        for order in OF_AN_ORGANIZATION {
            create_index(manager, "tasks", index("tasks", &["org_id", order, "id"])).await?;
        }
        for columns in of_a_project() {
            drop_index(manager, "tasks", &columns).await?;
        }
        Ok(())
    }
}
