use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::error::AppError;
use crate::ports::Ticket;

type Answer = Result<Arc<str>, AppError>;
type Cell = Arc<OnceCell<Answer>>;

/// Loads that are under way: whoever wants the same joins instead of starting another.
///
/// A flight is flown by one of those who wait for it. When that one gives up (its client hung up), another takes over.
#[derive(Default)]
pub(super) struct Flights {
    cells: Mutex<HashMap<(String, Ticket), Cell>>,
}

impl Flights {
    pub(super) async fn join<F>(&self, key: &str, ticket: Ticket, fly: impl FnOnce() -> F) -> Answer
    where
        F: Future<Output = Answer>,
    {
        let seat = Seat::take(self, key, ticket);
        seat.cell.get_or_init(fly).await.clone()
    }

    fn cells(&self) -> MutexGuard<'_, HashMap<(String, Ticket), Cell>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place on a flight. The flight is struck off when it has landed, or when the last one leaves.
struct Seat<'a> {
    flights: &'a Flights,
    flight: (String, Ticket),
    cell: Cell,
}

impl<'a> Seat<'a> {
    fn take(flights: &'a Flights, key: &str, ticket: Ticket) -> Self {
        let flight = (key.to_owned(), ticket);
        let cell = Arc::clone(flights.cells().entry(flight.clone()).or_default());
        Self { flights, flight, cell }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut cells = self.flights.cells();
        let is_listed = cells.get(&self.flight).is_some_and(|listed| Arc::ptr_eq(listed, &self.cell));
        // Two hold it when nobody else is left: the list and this seat.
        if is_listed && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            cells.remove(&self.flight);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use tokio::sync::Semaphore;

    use super::*;

    #[derive(Default)]
    struct Airport {
        flights: Flights,
        started: AtomicU32,
    }

    impl Airport {
        /// Flies when `clearance` has a permit, and answers how many flights had started then.
        async fn travel(&self, ticket: Ticket, clearance: &Semaphore) -> Answer {
            let fly = || async {
                let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
                clearance.acquire().await.unwrap().forget();
                Ok(number.to_string().into())
            };
            self.flights.join("key", ticket, fly).await
        }

        fn started(&self) -> u32 {
            self.started.load(Ordering::SeqCst)
        }

        fn passengers(&self) -> usize {
            self.flights.cells().values().map(|cell| Arc::strong_count(cell) - 1).sum()
        }

        async fn until_there_are(&self, passengers: usize) {
            while self.passengers() != passengers {
                tokio::task::yield_now().await;
            }
        }
    }

    const NOW: Ticket = Ticket::new(1);
    const LATER: Ticket = Ticket::new(2);

    #[tokio::test]
    async fn a_stampede_is_one_load() {
        let (airport, clearance) = (Arc::new(Airport::default()), Arc::new(Semaphore::new(0)));
        let crowd: Vec<_> = (0..100)
            .map(|_| {
                let (airport, clearance) = (Arc::clone(&airport), Arc::clone(&clearance));
                tokio::spawn(async move { airport.travel(NOW, &clearance).await })
            })
            .collect();
        airport.until_there_are(100).await;
        clearance.add_permits(1);
        for passenger in crowd {
            assert_eq!(passenger.await.unwrap().as_deref(), Ok("1"));
        }
        assert_eq!(airport.started(), 1);
        assert_eq!(airport.passengers(), 0);
        clearance.add_permits(1);
        assert_eq!(airport.travel(NOW, &clearance).await.as_deref(), Ok("2"), "what has landed is not boarded again");
    }

    #[tokio::test]
    async fn who_asks_after_a_change_does_not_join_an_older_load() {
        let (airport, clearance) = (Arc::new(Airport::default()), Arc::new(Semaphore::new(0)));
        let (early, gate) = (Arc::clone(&airport), Arc::clone(&clearance));
        let early = tokio::spawn(async move { early.travel(NOW, &gate).await });
        airport.until_there_are(1).await;
        let open = Semaphore::new(1);
        assert_eq!(airport.travel(LATER, &open).await.as_deref(), Ok("2"));
        clearance.add_permits(1);
        assert_eq!(early.await.unwrap().as_deref(), Ok("1"));
    }

    #[tokio::test]
    async fn a_leader_who_leaves_strands_nobody() {
        let (airport, clearance) = (Arc::new(Airport::default()), Arc::new(Semaphore::new(0)));
        let board = || {
            let (airport, clearance) = (Arc::clone(&airport), Arc::clone(&clearance));
            tokio::spawn(async move { airport.travel(NOW, &clearance).await })
        };
        let leader = board();
        airport.until_there_are(1).await;
        let follower = board();
        airport.until_there_are(2).await;
        leader.abort();
        assert!(leader.await.unwrap_err().is_cancelled());
        clearance.add_permits(1);
        let answer = tokio::time::timeout(Duration::from_secs(10), follower).await.unwrap();
        assert_eq!(answer.unwrap().as_deref(), Ok("2"));
        let alone = board();
        airport.until_there_are(1).await;
        alone.abort();
        airport.until_there_are(0).await;
        assert!(airport.flights.cells().is_empty());
    }
}
