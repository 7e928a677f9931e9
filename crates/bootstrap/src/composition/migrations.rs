use tenon_infrastructure::persistence::Database;
use tenon_migrations::{Migrator, MigratorTrait};

use super::queue::Queue;
use crate::config::Config;
use crate::failure::Failure;

/// The schema of a database, as a linear history.
pub(crate) struct Schema<'a> {
    database: &'a Database,
}

/// Which migrations were applied, oldest first.
pub(crate) struct SchemaState(pub(crate) Vec<(String, bool)>);

impl SchemaState {
    pub(crate) fn pending(&self) -> usize {
        self.0.iter().filter(|(_, applied)| !applied).count()
    }
}

impl<'a> Schema<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self { database }
    }

    /// Changes nothing, not even on a database that was never migrated.
    pub(crate) async fn state(&self) -> Result<SchemaState, Failure> {
        let pending = Migrator::get_pending_migrations_read_only(self.database.connection()).await.map_err(failure)?;
        let all = Migrator::migrations().into_iter().map(|migration| {
            let name = migration.name().to_owned();
            let applied = !pending.iter().any(|pending| pending.name() == name);
            (name, applied)
        });
        Ok(SchemaState(all.collect()))
    }

    pub(crate) async fn require_current(&self) -> Result<(), Failure> {
        match self.state().await?.pending() {
            0 => Ok(()),
            pending => Err(Failure::PendingMigrations(pending)),
        }
    }

    /// Applies pending migrations: all, or the next `steps`.
    pub(crate) async fn up(&self, steps: Option<u32>) -> Result<(), Failure> {
        Migrator::up(self.database.connection(), steps).await.map_err(failure)
    }

    /// Reverts the last `steps` migrations.
    pub(crate) async fn down(&self, steps: u32) -> Result<(), Failure> {
        Migrator::down(self.database.connection(), Some(steps)).await.map_err(failure)
    }

    /// Makes the tables of the queue, which has a history of its own.
    pub(crate) async fn prepare_queue(&self, config: &Config) -> Result<(), Failure> {
        Queue::migrate(config).await
    }
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::Migration(error.to_string())
}
