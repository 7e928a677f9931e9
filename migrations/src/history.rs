use sea_orm_migration::prelude::{DbErr, MigrationName, MigrationTrait, SchemaManager};
use sea_orm_migration::sea_orm::{DatabaseConnection, EntityTrait, QueryOrder};
use sea_orm_migration::{MigratorTraitSelf, async_trait, seaql_migrations};

use crate::all;

/// The history of a database that a later release may have continued.
///
/// sea-orm-migration refuses a database with a migration it has no code for. But this release has to run on the next
/// one's schema, while instances are replaced one after the other and when an upgrade is taken back.
pub struct History {
    later: Vec<String>,
}

impl History {
    /// Asks the database; changes nothing, not even in one that was never migrated.
    pub async fn read(connection: &DatabaseConnection) -> Result<Self, DbErr> {
        let mut applied = Vec::new();
        if SchemaManager::new(connection).has_table("seaql_migrations").await? {
            let versions = seaql_migrations::Entity::find().order_by_asc(seaql_migrations::Column::Version);
            applied = versions.all(connection).await?.into_iter().map(|model| model.version).collect();
        }
        let known = all();
        applied.retain(|version: &String| !known.iter().any(|migration| migration.name() == version));
        Ok(Self { later: applied })
    }

    /// The names of the migrations that were applied by a later release, oldest first.
    pub fn later(&self) -> &[String] {
        &self.later
    }
}

#[async_trait::async_trait]
impl MigratorTraitSelf for History {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let later = self.later.iter().map(|name| Box::new(Later(name.clone())) as Box<dyn MigrationTrait>);
        all().into_iter().chain(later).collect()
    }
}

/// A migration of which only the name is known.
struct Later(String);

impl MigrationName for Later {
    fn name(&self) -> &str {
        &self.0
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Later {
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(self.unknown())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(self.unknown())
    }
}

impl Later {
    fn unknown(&self) -> DbErr {
        DbErr::Custom(format!("{} is of a later release: revert it with the release that applied it", self.0))
    }
}
