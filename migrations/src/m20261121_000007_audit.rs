use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::columns::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let entries = table(manager, "audit_entries")
            .col(id("id").primary_key())
            .col(optional_id("org_id"))
            .col(line("action", 100))
            .col(line("actor_kind", 20))
            .col(optional_id("actor_id"))
            .col(optional_line("actor_name", 100))
            .col(line("resource_kind", 40))
            .col(id("resource_id"))
            .col(text(manager, "resource_name").not_null())
            .col(text(manager, "changes").not_null())
            .col(optional_line("ip", 64))
            .col(optional_line("user_agent", 512))
            .col(optional_line("request_id", 128))
            .col(moment(manager, "occurred_at").not_null())
            .to_owned();
        let indexes = vec![
            index("audit_entries", &["org_id", "id"]),
            index("audit_entries", &["org_id", "actor_id", "id"]),
            index("audit_entries", &["org_id", "resource_id", "id"]),
            index("audit_entries", &["org_id", "action", "id"]),
        ];
        create(manager, entries, indexes).await?;
        for statement in append_only(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop(manager, &["audit_entries"]).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            manager.get_connection().execute_unprepared("DROP FUNCTION refuse_audit_change()").await?;
        }
        Ok(())
    }
}

/// The triggers by which the database itself refuses to change or delete an entry.
fn append_only(backend: DbBackend) -> &'static [&'static str] {
    match backend {
        DbBackend::Postgres => &[
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN RAISE EXCEPTION 'audit_entries is append-only'; END $$",
            "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries \
             FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
            "CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries \
             FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
        ],
        DbBackend::MySql => &[
            "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_entries is append-only'",
            "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries FOR EACH ROW \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'audit_entries is append-only'",
        ],
        _ => &[
            "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries \
             BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END",
            "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries \
             BEGIN SELECT RAISE(ABORT, 'audit_entries is append-only'); END",
        ],
    }
}
