use tenon_infrastructure::persistence::Database;
use tenon_migrations::{History, MigratorTraitSelf};

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
        let connection = self.database.connection();
        let history = self.history().await?;
        let pending = history.get_pending_migrations_read_only(connection).await.map_err(failure)?;
        let all = history.migrations().into_iter().map(|migration| {
            let name = migration.name().to_owned();
            let applied = !pending.iter().any(|pending| pending.name() == name);
            (name, applied)
        });
        Ok(SchemaState(all.collect()))
    }

    /// The names of the migrations this release has, oldest first.
    pub(crate) fn known() -> Vec<String> {
        tenon_migrations::names()
    }

    pub(crate) async fn require_current(&self) -> Result<(), Failure> {
        match self.state().await?.pending() {
            0 => Ok(()),
            pending => Err(Failure::PendingMigrations(pending)),
        }
    }

    /// Applies pending migrations: all, or the next `steps`.
    pub(crate) async fn up(&self, steps: Option<u32>) -> Result<(), Failure> {
        let connection = self.database.connection();
        let history = self.history().await?;
        history.up(connection, steps).await.map_err(failure)
    }

    /// Reverts the last `steps` migrations.
    pub(crate) async fn down(&self, steps: u32) -> Result<(), Failure> {
        let connection = self.database.connection();
        let history = self.history().await?;
        history.down(connection, Some(steps)).await.map_err(failure)
    }

    /// Takes away what migrations left for the release before. Answers from how many tables.
    pub(crate) async fn finish(&self) -> Result<usize, Failure> {
        tenon_migrations::finish(self.database.connection()).await.map_err(failure)
    }

    async fn history(&self) -> Result<History, Failure> {
        let history = History::read(self.database.connection()).await.map_err(failure)?;
        if let [.., latest] = history.later() {
            tracing::warn!(%latest, "the schema is of a later release, which this one can run on");
        }
        Ok(history)
    }

    /// Makes the tables of the queue, which has a history of its own.
    pub(crate) async fn prepare_queue(&self, config: &Config) -> Result<(), Failure> {
        Queue::migrate(config).await
    }
}

fn failure(error: impl std::fmt::Display) -> Failure {
    Failure::Migration(error.to_string())
}
