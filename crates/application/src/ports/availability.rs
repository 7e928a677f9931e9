use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

use crate::unit_of_work::StoreError;

/// Nothing that the database is asked on behalf of a request takes this long, unless its answer never comes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whether the database can be reached, as it is known without asking it: whoever waits for it need not wait in vain.
#[derive(Clone, Debug)]
pub struct Availability(watch::Receiver<bool>);

impl Availability {
    /// What cannot be away: a database in this process.
    pub fn always() -> Self {
        Self(watch::Sender::new(true).subscribe())
    }

    /// It is away whenever the sender says `false`.
    pub fn watched() -> (watch::Sender<bool>, Self) {
        let told = watch::Sender::new(true);
        let heard = told.subscribe();
        (told, Self(heard))
    }

    pub fn is_away(&self) -> bool {
        !*self.0.borrow()
    }

    /// Resolves when the database is back: at once unless it is away.
    pub async fn regained(&self) {
        // Nobody watches any more: then nobody says that it is away either.
        let _ = self.0.clone().wait_for(|reachable| *reachable).await;
    }

    /// What the work answers, or that the database went away meanwhile. What needs no database succeeds without it.
    pub async fn within_reach<T, E: From<StoreError>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let unavailable = |cause: &str| Err(StoreError::Unavailable(cause.to_owned()).into());
        tokio::select! {
            biased;
            outcome = work => outcome,
            () = self.lost() => unavailable("the database is away"),
            () = tokio::time::sleep(PATIENCE) => unavailable("the database does not answer"),
        }
    }

    /// Resolves when the database is away: at once if it is.
    async fn lost(&self) {
        if self.0.clone().wait_for(|reachable| !*reachable).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Outcome = Result<u32, StoreError>;

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_a_database_that_goes_away_is_let_go() {
        let (told, availability) = Availability::watched();
        let waiting = availability.within_reach(std::future::pending::<Outcome>());
        let (outcome, ()) = tokio::join!(waiting, async { assert!(told.send_replace(false)) });
        assert_eq!(outcome, Err(StoreError::Unavailable("the database is away".to_owned())));
        let refused = availability.within_reach(std::future::pending::<Outcome>()).await;
        assert!(refused.is_err(), "nor does it wait while it is away");
        assert!(availability.is_away());
    }

    #[tokio::test(start_paused = true)]
    async fn what_needs_no_database_is_done_without_it() {
        let (told, availability) = Availability::watched();
        told.send_replace(false);
        assert_eq!(availability.within_reach(async { Outcome::Ok(1) }).await, Ok(1));
        assert!(tokio::time::timeout(Duration::from_secs(1), availability.regained()).await.is_err());
        told.send_replace(true);
        availability.regained().await;
    }

    #[tokio::test(start_paused = true)]
    async fn no_answer_is_waited_for_forever() {
        for availability in [Availability::always(), Availability::watched().1] {
            let outcome = availability.within_reach(std::future::pending::<Outcome>()).await;
            assert_eq!(outcome, Err(StoreError::Unavailable("the database does not answer".to_owned())));
            availability.regained().await;
        }
    }
}
