use std::sync::Arc;

use async_trait::async_trait;
use tenon_application::AppError;
use tenon_application::identity::PasswordHasher;
use tenon_domain::identity::{Password, PasswordHash};
use tokio::sync::{Semaphore, oneshot};

use super::SecurityError;
use super::algorithms::{PasswordAlgorithm, verify};
use super::background_threads::BackgroundThreads;

/// How much hashing there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HasherLimits {
    /// How many hashes are computed at once.
    pub concurrent: usize,
    /// How many more requests may wait for their turn. Further ones are refused.
    pub waiting: usize,
}

impl HasherLimits {
    /// Half of the cores, and a line that is served within a few seconds.
    pub fn for_cores(cores: usize) -> Self {
        let concurrent = (cores / 2).max(1);
        Self { concurrent, waiting: concurrent * 16 }
    }
}

/// Hashes on threads of its own that give way to all others, a bounded number at a time, so that a flood of logins cannot
/// starve the rest.
#[derive(Clone)]
pub struct BoundedPasswordHasher {
    algorithm: Arc<PasswordAlgorithm>,
    threads: Arc<BackgroundThreads>,
    line: Arc<Semaphore>,
}

impl BoundedPasswordHasher {
    pub fn new(algorithm: PasswordAlgorithm, limits: HasherLimits) -> Result<Self, SecurityError> {
        let concurrent = limits.concurrent.max(1);
        let threads = BackgroundThreads::start("hashing", concurrent)
            .map_err(|error| SecurityError::Hasher(format!("its threads: {error}")))?;
        Ok(Self {
            algorithm: Arc::new(algorithm),
            threads: Arc::new(threads),
            line: Arc::new(Semaphore::new(concurrent + limits.waiting)),
        })
    }

    /// Runs the work when it is its turn, unless nobody waits for it anymore by then.
    pub(super) async fn take_turn<T, W>(&self, work: W) -> Result<T, AppError>
    where
        T: Send + 'static,
        W: FnOnce() -> Result<T, String> + Send + 'static,
    {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_| crowded())?;
        let (answer, outcome) = oneshot::channel();
        self.threads.run(move || {
            let _held = place;
            if !answer.is_closed() {
                // Who has left meanwhile needs no answer.
                drop(answer.send(work()));
            }
        });
        outcome.await.map_err(|_| internal("its thread panicked"))?.map_err(internal)
    }
}

/// What costs as much as hashing a password is counted as that.
fn counted<T>(work: impl FnOnce() -> T) -> T {
    metrics::counter!("passwords_hashed_total").increment(1);
    work()
}

fn crowded() -> AppError {
    AppError::Unavailable("too many passwords are being checked".to_owned())
}

fn internal(cause: impl std::fmt::Display) -> AppError {
    AppError::Internal(format!("hashing a password: {cause}"))
}

#[async_trait]
impl PasswordHasher for BoundedPasswordHasher {
    fn check_room(&self) -> Result<(), AppError> {
        if self.line.available_permits() > 0 { Ok(()) } else { Err(crowded()) }
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, AppError> {
        let algorithm = Arc::clone(&self.algorithm);
        let hash = move || counted(|| algorithm.hash(password.expose()));
        self.take_turn(hash).await.map(PasswordHash::new)
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, AppError> {
        let algorithm = Arc::clone(&self.algorithm);
        let compare = move || match hash {
            Some(hash) if hash.is_usable() => verify(password.expose(), hash.as_str()),
            // Hashing it costs what comparing it with a hash would.
            _ => algorithm.hash(password.expose()).map(|_| false),
        };
        self.take_turn(move || counted(compare)).await
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        self.algorithm.outdates(hash.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;

    use futures::FutureExt;

    use super::*;
    use crate::security::BcryptHasher;

    #[tokio::test]
    async fn who_gives_up_costs_no_hash() {
        let algorithm = PasswordAlgorithm::Bcrypt(BcryptHasher::new(4).unwrap());
        let hasher = BoundedPasswordHasher::new(algorithm, HasherLimits { concurrent: 1, waiting: 10 }).unwrap();
        let done = Arc::new(AtomicU32::new(0));
        let count = |done: &Arc<AtomicU32>| {
            let done = Arc::clone(done);
            move || Ok(done.fetch_add(1, Ordering::SeqCst))
        };
        let (release, held) = channel();
        let holder = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.take_turn(move || held.recv().map_err(|error| error.to_string())).await }
        });
        while hasher.line.available_permits() == 11 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            assert!(hasher.take_turn(count(&done)).now_or_never().is_none());
        }
        assert!(matches!(hasher.take_turn(count(&done)).await, Err(AppError::Unavailable(_))), "the line is full");
        assert!(matches!(hasher.check_room(), Err(AppError::Unavailable(_))));
        release.send(()).unwrap();
        holder.await.unwrap().unwrap();
        while hasher.line.available_permits() < 11 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.take_turn(count(&done)).await, Ok(0), "the first that was done");
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_thread_goes_on() {
        let algorithm = PasswordAlgorithm::Bcrypt(BcryptHasher::new(4).unwrap());
        let hasher = BoundedPasswordHasher::new(algorithm, HasherLimits { concurrent: 1, waiting: 1 }).unwrap();
        let outcome = hasher.take_turn(|| -> Result<(), String> { panic!("of a hash") }).await;
        assert!(matches!(outcome, Err(AppError::Internal(_))), "{outcome:?}");
        assert_eq!(hasher.take_turn(|| Ok(7)).await, Ok(7));
    }
}
