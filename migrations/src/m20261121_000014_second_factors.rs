use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;

/// Second factors, the sign-ins that wait for one, and which organizations require one. The previous release signs
/// people in without, as long as an instance of it runs.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const FACTORS: &str = "second_factors";
const CHALLENGES: &str = "sign_in_challenges";
const ALTERED: [&str; 2] = ["organizations", "users"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to others locks those, too.
        lock(manager, &ALTERED).await?;
        let factors = table(manager, FACTORS)
            .if_not_exists()
            .col(id("user_id").primary_key())
            // The id of the key that opens it, and the secret of the authenticator app, encrypted.
            .col(line("key_id", 32))
            .col(line("secret", 255))
            .col(moment(manager, "confirmed_at").null())
            .col(ColumnDef::new("last_step").big_integer().null())
            // The digests of those that are left, as JSON.
            .col(text(manager, "recovery_codes").not_null())
            .col(counter("wrong_codes"))
            .col(moment(manager, "last_wrong_at").null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to(FACTORS, "user_id", "users"))
            .to_owned();
        manager.create_table(factors).await?;
        create_index(manager, FACTORS, index(FACTORS, &["key_id", "user_id"])).await?;
        let challenges = table(manager, CHALLENGES)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("user_id"))
            .col(line("token_hash", 64))
            .col(line("checked", 64))
            .col(optional_id("invitation_id"))
            .col(ColumnDef::new("invitation_mailed").boolean().not_null())
            .col(counter("wrong_codes"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "expires_at").not_null())
            .foreign_key(&mut belongs_to(CHALLENGES, "user_id", "users"))
            .to_owned();
        manager.create_table(challenges).await?;
        create_index(manager, CHALLENGES, index(CHALLENGES, &["expires_at"])).await?;
        let mut require_mfa = ColumnDef::new("require_mfa");
        require_mfa.boolean().not_null().default(false);
        add_column(manager, "organizations", require_mfa).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&ALTERED[..], &[FACTORS, CHALLENGES]].concat()).await?;
        drop_column(manager, "organizations", "require_mfa").await?;
        for table in [CHALLENGES, FACTORS] {
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}
