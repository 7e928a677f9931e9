//! Group commit on SQLite: units of work that come at the same time share one transaction, and so one flush.
//!
//! SQLite has one writer, and each commit waits for the disk. A task of its own owns the writer: it opens a
//! transaction for whoever comes first and gives each unit of work a savepoint in it, one after the other. A unit that
//! commits releases its savepoint and waits; once nobody else wants to write, the transaction is committed and all of
//! them are acknowledged. A unit alone commits at once. One that fails or is dropped takes back its own savepoint only.
//!
//! Everything that must not be broken off half-way happens in that task, which no request can cancel.

use std::time::{Duration, Instant};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tenon_application::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::error::Stored;

/// How many units of work share a transaction at most.
const MAX_UNITS: usize = 64;
/// A transaction that has been open for longer takes in nobody else, so that the first do not wait for ever.
const MAX_AGE: Duration = Duration::from_millis(20);
/// How many may stand in the queue; whoever comes then waits before it.
const QUEUE: usize = 256;

/// Somebody who waits for the writer.
type Turn = oneshot::Sender<Result<Share, StoreError>>;
type Acknowledgement = oneshot::Sender<Result<(), StoreError>>;

/// The queue for the writer. Cheap to clone.
#[derive(Clone)]
pub(super) struct GroupCommit {
    turns: mpsc::Sender<Turn>,
    patience: Duration,
}

impl GroupCommit {
    /// Takes over `writer`, a pool of one connection. Needs a Tokio runtime. `patience` is how long one waits for a turn.
    pub(super) fn start(writer: DatabaseConnection, patience: Duration) -> Self {
        let (turns, queue) = mpsc::channel(QUEUE);
        tokio::spawn(Writer { connection: writer, queue }.run());
        Self { turns, patience }
    }

    pub(super) async fn begin(&self) -> Result<Share, StoreError> {
        let (turn, share) = oneshot::channel();
        let wait = async {
            self.turns.send(turn).await.map_err(|_| closed())?;
            share.await.map_err(|_| closed())?
        };
        // A share that arrives too late is dropped in the channel, which rolls it back.
        let waited = tokio::time::timeout(self.patience, wait).await;
        waited.unwrap_or_else(|_| Err(StoreError::Unavailable("waited too long for the writer".to_owned())))
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database was closed".to_owned())
}

fn not_committed(cause: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("the shared transaction was not committed: {cause}"))
}

/// One unit of work's share of the transaction. Dropping it rolls it back.
pub(super) struct Share {
    // Both are there until the end.
    savepoint: Option<DatabaseTransaction>,
    end: Option<oneshot::Sender<End>>,
}

/// How a unit of work ended.
struct End {
    savepoint: DatabaseTransaction,
    /// Who waits for the commit; nobody when it is to be rolled back.
    acknowledgement: Option<Acknowledgement>,
}

impl Share {
    pub(super) fn transaction(&self) -> Option<&DatabaseTransaction> {
        self.savepoint.as_ref()
    }

    /// Returns once the shared transaction is on the disk.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let (acknowledgement, committed) = oneshot::channel();
        self.end(Some(acknowledgement));
        committed.await.unwrap_or_else(|_| Err(closed()))
    }

    fn end(&mut self, acknowledgement: Option<Acknowledgement>) {
        if let (Some(savepoint), Some(end)) = (self.savepoint.take(), self.end.take()) {
            // Nobody listens when the runtime is shutting down: then nothing is committed.
            drop(end.send(End { savepoint, acknowledgement }));
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// What became of one unit of work.
enum Outcome {
    /// Its savepoint is released.
    Released(Acknowledgement),
    /// It left nothing behind.
    RolledBack,
    /// SQLite has rolled back the whole transaction, as it does on some errors, or it is in an unknown state.
    Lost,
}

struct Writer {
    connection: DatabaseConnection,
    queue: mpsc::Receiver<Turn>,
}

impl Writer {
    async fn run(mut self) {
        while let Some(first) = self.queue.recv().await {
            if !first.is_closed() {
                self.group(first).await;
            }
        }
    }

    /// One transaction, with all who want to write meanwhile.
    async fn group(&mut self, first: Turn) {
        // Taking the write lock first: a transaction that reads and then writes could otherwise fail half-way.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = match self.connection.begin_with_options(options).await.stored() {
            Ok(transaction) => transaction,
            Err(error) => return drop(first.send(Err(error))),
        };
        let opened = Instant::now();
        let mut released = Vec::new();
        let mut is_lost = false;
        let mut next = Some(first);
        while let Some(turn) = next {
            match unit(&transaction, turn).await {
                Outcome::Released(acknowledgement) => released.push(acknowledgement),
                Outcome::RolledBack => {}
                Outcome::Lost => {
                    is_lost = true;
                    break;
                }
            }
            let has_room = released.len() < MAX_UNITS && opened.elapsed() < MAX_AGE;
            next = if has_room { self.queue.try_recv().ok() } else { None };
        }
        let outcome = if is_lost {
            drop(transaction);
            Err(not_committed("it was rolled back"))
        } else if released.is_empty() {
            transaction.rollback().await.map_err(not_committed)
        } else {
            transaction.commit().await.map_err(not_committed)
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, units = released.len(), "a group of units of work was not committed");
            self.discard_connection().await;
        }
        metrics::histogram!("database_commit_group_size").record(released.len() as f64);
        for acknowledgement in released {
            // Who does not wait any more finds the outcome in the database.
            drop(acknowledgement.send(outcome.clone()));
        }
    }

    /// Closes the connection, whose state is not known; the pool opens another one.
    async fn discard_connection(&self) {
        let closed = match self.connection.get_sqlite_connection_pool().acquire().await {
            Ok(connection) => connection.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "closing the writer's connection");
        }
    }
}

/// One unit of work, from its turn to its end.
async fn unit(transaction: &DatabaseTransaction, turn: Turn) -> Outcome {
    if turn.is_closed() {
        return Outcome::RolledBack;
    }
    let savepoint = match transaction.begin().await {
        Ok(savepoint) => savepoint,
        Err(error) => {
            drop(turn.send(Err(not_committed(error))));
            return Outcome::Lost;
        }
    };
    let (end, ended) = oneshot::channel();
    // A share that nobody takes any more comes back by being dropped.
    drop(turn.send(Ok(Share { savepoint: Some(savepoint), end: Some(end) })));
    let Ok(End { savepoint, acknowledgement }) = ended.await else {
        return Outcome::Lost;
    };
    match acknowledgement {
        None if is_lost(transaction).await => Outcome::Lost,
        None => savepoint.rollback().await.map_or(Outcome::Lost, |()| Outcome::RolledBack),
        Some(acknowledgement) => match savepoint.commit().await {
            Ok(()) => Outcome::Released(acknowledgement),
            Err(error) => {
                drop(acknowledgement.send(Err(not_committed(error))));
                Outcome::Lost
            }
        },
    }
}

/// Whether SQLite has rolled back the transaction by itself, as it may when the disk is full: only then can another
/// one begin on the same connection.
async fn is_lost(transaction: &DatabaseTransaction) -> bool {
    transaction.execute_unprepared("BEGIN").await.is_ok()
}

#[cfg(test)]
mod tests;
