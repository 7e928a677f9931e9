use sea_orm_migration::prelude::*;

use crate::columns::*;
use crate::lock::lock;
use crate::row_security::{Reach, isolate, open};

/// The identity providers of organizations, whom providers vouch for, and the sign-ins that they end in. The previous
/// release knows nothing of them: a sign-in that waits for a second factor goes on there as after a password.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const PROVIDERS: &str = "identity_providers";
const IDENTITIES: &str = "external_identities";
const CODES: &str = "sign_in_codes";
const CHALLENGES: &str = "sign_in_challenges";
const ALTERED: [&str; 3] = ["organizations", "users", CHALLENGES];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A new table that refers to others locks those, too.
        lock(manager, &ALTERED).await?;
        let providers = table(manager, PROVIDERS)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("org_id"))
            .col(line("name", 100))
            .col(line("issuer", 255))
            .col(line("client_id", 255))
            // The id of the key that opens it, and the client's secret, encrypted. A public client has none.
            .col(optional_line("key_id", 32))
            .col(text(manager, "secret").null())
            // Lists and a map, as JSON.
            .col(text(manager, "scopes").not_null())
            .col(text(manager, "domains").not_null())
            .col(optional_line("groups_claim", 100))
            .col(text(manager, "group_roles").not_null())
            .col(optional_line("default_role", 40))
            .col(ColumnDef::new("provisioning").boolean().not_null())
            .col(ColumnDef::new("enabled").boolean().not_null())
            .col(counter("version"))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "updated_at").not_null())
            .foreign_key(&mut belongs_to(PROVIDERS, "org_id", "organizations"))
            .to_owned();
        manager.create_table(providers).await?;
        create_index(manager, PROVIDERS, index(PROVIDERS, &["org_id", "id"])).await?;
        let identities = table(manager, IDENTITIES)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("user_id"))
            // The key of one of the deployment's, or the id of an organization's.
            .col(line("provider", 40))
            .col(optional_id("provider_id"))
            .col(line("issuer", 255))
            .col(line("subject", 255))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "last_used_at").not_null())
            .foreign_key(&mut belongs_to(IDENTITIES, "user_id", "users"))
            .foreign_key(&mut belongs_to(IDENTITIES, "provider_id", PROVIDERS))
            .to_owned();
        manager.create_table(identities).await?;
        for index in [
            unique(IDENTITIES, &["provider", "issuer", "subject"]),
            index(IDENTITIES, &["user_id", "id"]),
            index(IDENTITIES, &["provider_id"]),
        ] {
            create_index(manager, IDENTITIES, index).await?;
        }
        let codes = table(manager, CODES)
            .if_not_exists()
            .col(id("id").primary_key())
            .col(id("user_id"))
            .col(line("provider", 40))
            // Not a tenant's row: nobody is signed in yet. It says where the session is to begin.
            .col(optional_id("organization_id"))
            .col(line("code_hash", 64))
            .col(line("browser_hash", 64))
            .col(moment(manager, "created_at").not_null())
            .col(moment(manager, "expires_at").not_null())
            .foreign_key(&mut belongs_to(CODES, "user_id", "users"))
            .foreign_key(&mut belongs_to(CODES, "organization_id", "organizations"))
            .to_owned();
        manager.create_table(codes).await?;
        create_index(manager, CODES, index(CODES, &["expires_at"])).await?;
        add_column(manager, CHALLENGES, optional_line("provider", 40)).await?;
        add_column(manager, CHALLENGES, optional_id("organization_id")).await?;
        // Signing in finds a provider before it knows the organization.
        isolate(manager, PROVIDERS, Reach::Tenant("org_id")).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        lock(manager, &[&ALTERED[..], &[PROVIDERS, IDENTITIES, CODES]].concat()).await?;
        drop_column(manager, CHALLENGES, "organization_id").await?;
        drop_column(manager, CHALLENGES, "provider").await?;
        open(manager, PROVIDERS).await?;
        for table in [CODES, IDENTITIES, PROVIDERS] {
            manager.drop_table(Table::drop().table(table).if_exists().to_owned()).await?;
        }
        Ok(())
    }
}
