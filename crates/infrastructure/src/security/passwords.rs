use std::sync::Arc;

use async_trait::async_trait;
use tenon_application::AppError;
use tenon_application::identity::PasswordHasher;
use tenon_domain::identity::{Password, PasswordHash};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::algorithms::{PasswordAlgorithm, verify};

/// How much hashing there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherLimits {
    /// How many hashes are computed at once.
    pub concurrent: usize,
    /// How many more requests may wait for their turn. Further ones are refused.
    pub waiting: usize,
}

impl HasherLimits {
    /// One hash a core, and a line that is served within a few seconds.
    pub fn for_cores(cores: usize) -> Self {
        let concurrent = cores.max(1);
        Self { concurrent, waiting: concurrent * 16 }
    }
}

/// Hashes on threads of its own, a bounded number at a time, so that a flood of logins cannot starve the rest.
#[derive(Clone)]
pub struct BoundedPasswordHasher {
    algorithm: Arc<PasswordAlgorithm>,
    turns: Arc<Semaphore>,
    line: Arc<Semaphore>,
}

impl BoundedPasswordHasher {
    pub fn new(algorithm: PasswordAlgorithm, limits: HasherLimits) -> Self {
        let concurrent = limits.concurrent.max(1);
        Self {
            algorithm: Arc::new(algorithm),
            turns: Arc::new(Semaphore::new(concurrent)),
            line: Arc::new(Semaphore::new(concurrent + limits.waiting)),
        }
    }

    /// Runs the work when it is its turn. It keeps its turn until it ends, even if nobody waits for it anymore.
    async fn take_turn<T, W>(&self, work: W) -> Result<T, AppError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, String> + Send + 'static,
    {
        let place = Arc::clone(&self.line)
            .try_acquire_owned()
            .map_err(|_| AppError::Unavailable("too many passwords are being checked".to_owned()))?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(internal)?;
        let outcome = tokio::task::spawn_blocking(move || {
            let _held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
            work()
        });
        outcome.await.map_err(internal)?.map_err(internal)
    }
}

fn internal(cause: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("hashing a password: {cause}"))
}

#[async_trait]
impl PasswordHasher for BoundedPasswordHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, AppError> {
        let algorithm = Arc::clone(&self.algorithm);
        self.take_turn(move || algorithm.hash(password.expose())).await.map(PasswordHash::new)
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, AppError> {
        let algorithm = Arc::clone(&self.algorithm);
        self.take_turn(move || match hash {
            Some(hash) => verify(password.expose(), hash.as_str()),
            // Hashing it costs what comparing it with a hash would.
            None => algorithm.hash(password.expose()).map(|_| false),
        })
        .await
    }
}
