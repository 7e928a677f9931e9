use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;
use crate::row_security::{Reach, isolate};

/// Teams, who is in them, and what they are in projects. To the previous release nobody sees a project by a team; what it
/// removes takes teams' rows along.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const TEAMS: &str = "teams";
const TEAM_MEMBERS: &str = "team_members";
const PROJECT_TEAMS: &str = "project_teams";
const REFERRED: [&str; 3] = ["organizations", "members", "projects"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to others locks those, too.
        lock(manager, &REFERRED).await?;
        let teams = table(manager, TEAMS)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("name", 100))
            // In lower case, which may take more characters.
            .col(line("name_key", 300))
            .col(text(manager, "description").null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to(TEAMS, "org_id", "organizations"))
            .to_owned();
        manager.create_table(teams).await?;
        create_index(manager, TEAMS, unique(TEAMS, &["org_id", "name_key"])).await?;
        let members = table(manager, TEAM_MEMBERS)
            .if_not_exists()
            .col(id("team_id"))
            .col(id("user_id"))
            .col(id("org_id"))
            .col(moment(manager, "added_at").not_null())
            .primary_key(Index::create().col("team_id").col("user_id"))
            .foreign_key(&mut belongs_to(TEAM_MEMBERS, "team_id", TEAMS))
            .foreign_key(&mut of_membership())
            .to_owned();
        manager.create_table(members).await?;
        create_index(manager, TEAM_MEMBERS, index(TEAM_MEMBERS, &["org_id", "user_id"])).await?;
        let roles = table(manager, PROJECT_TEAMS)
            .if_not_exists()
            .col(id("project_id"))
            .col(id("team_id"))
            .col(id("org_id"))
            .col(line("role", 20))
            // As with members: who gives a custom role and who deletes it lock its row.
            .col(optional_id("custom_role_id"))
            .col(moment(manager, "added_at").not_null())
            .primary_key(Index::create().col("project_id").col("team_id"))
            .foreign_key(&mut belongs_to(PROJECT_TEAMS, "project_id", "projects"))
            .foreign_key(&mut belongs_to(PROJECT_TEAMS, "team_id", TEAMS))
            .to_owned();
        manager.create_table(roles).await?;
        for column in ["team_id", "custom_role_id"] {
            create_index(manager, PROJECT_TEAMS, index(PROJECT_TEAMS, &[column])).await?;
        }
        for table in [TEAMS, TEAM_MEMBERS, PROJECT_TEAMS] {
            isolate(manager, table, Reach::Tenant("org_id")).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&REFERRED[..], &[PROJECT_TEAMS, TEAM_MEMBERS, TEAMS]].concat()).await?;
        for table in [PROJECT_TEAMS, TEAM_MEMBERS, TEAMS] {
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}

/// Who leaves the organization leaves its teams, and nobody is added who is leaving.
fn of_membership() -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.name("fk_team_members_org_id_user_id")
        .from(TEAM_MEMBERS, ("org_id", "user_id"))
        .to("members", ("org_id", "user_id"))
        .on_delete(ForeignKeyAction::Cascade);
    key
}
