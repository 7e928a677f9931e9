use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;
use crate::row_security::{Reach, isolate};

/// Roles that organizations make, and who has one. The previous release knows system roles only: to it, who has a custom
/// role has its base.
///
/// No key refers to them: who gives a role and who deletes it lock its row.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ROLES: &str = "custom_roles";
const HOLDERS: [&str; 3] = ["members", "project_members", "invitations"];
const HELD: &str = "custom_role_id";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to another locks that, too.
        lock(manager, &[&HOLDERS[..], &["organizations"]].concat()).await?;
        let roles = table(manager, ROLES)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("level", 20))
            .col(line("name", 50))
            // The name in lower case, which may be longer.
            .col(line("name_key", 200))
            .col(optional_line("description", 500))
            .col(optional_line("base", 20))
            // The names, separated by spaces.
            .col(text(manager, "permissions").not_null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to(ROLES, "org_id", "organizations"))
            .to_owned();
        manager.create_table(roles).await?;
        create_index(manager, ROLES, unique(ROLES, &["org_id", "level", "name_key"])).await?;
        isolate(manager, ROLES, Reach::Tenant("org_id")).await?;
        for holder in HOLDERS {
            add_column(manager, holder, optional_id(HELD)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&HOLDERS[..], &[ROLES]].concat()).await?;
        for holder in HOLDERS {
            drop_column(manager, holder, HELD).await?;
        }
        manager.drop_table(Table::drop().table(ROLES).if_exists().to_owned()).await
    }
}
