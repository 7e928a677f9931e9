use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use proptest::prelude::*;
use tokio::time::{advance, sleep};

use super::*;

fn party(number: u8) -> Party {
    Party::Address(Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))))
}

/// A gate that always lets in the same number.
fn gate(limit: usize, max_waiting: usize) -> Arc<Gate> {
    Gate::new(Bounds { min: limit, max: limit, initial: limit, tolerance: 2.0 }, max_waiting)
}

/// Enters, works for some milliseconds, and answers how long it took to get in.
async fn work(gate: Arc<Gate>, party: Party, milliseconds: u64) -> Result<Duration, Refusal> {
    let came = Instant::now();
    let permit = gate.enter(party).await?;
    let waited = came.elapsed();
    sleep(Duration::from_millis(milliseconds)).await;
    permit.done(1);
    Ok(waited)
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_served_one_after_the_other() {
    let gate = gate(2, 100);
    let outcomes = join_all((0..8).map(|_| work(Arc::clone(&gate), party(1), 10))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(gate.occupancy(), Occupancy { limit: 2, running: 0, waiting: 0 });
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_sent_away() {
    let gate = gate(1, 100);
    let held = gate.enter(party(1)).await.unwrap();
    let came = Instant::now();
    assert_eq!(gate.enter(party(1)).await.unwrap_err(), Refusal::Waited);
    assert!(came.elapsed() <= PATIENCE + Duration::from_millis(1));
    assert_eq!(gate.occupancy(), Occupancy { limit: 1, running: 1, waiting: 0 });
    drop(held);
    assert!(gate.enter(party(1)).await.is_ok());
}

/// Somebody who stands in line.
fn waiting(gate: &Arc<Gate>) -> tokio::task::JoinHandle<Result<(), Refusal>> {
    let gate = Arc::clone(gate);
    tokio::spawn(async move { gate.enter(party(1)).await.map(drop) })
}

#[tokio::test(start_paused = true)]
async fn a_long_line_that_stands_sends_away_soon() {
    let gate = gate(1, 100);
    let held = gate.enter(party(1)).await.unwrap();
    let line: Vec<_> = (0..=FEW).map(|_| waiting(&gate)).collect();
    sleep(BURST + Duration::from_millis(1)).await;
    let came = Instant::now();
    let last = waiting(&gate);
    assert_eq!(gate.enter(party(1)).await.unwrap_err(), Refusal::Waited);
    assert!(came.elapsed() <= STANDING_PATIENCE + Duration::from_millis(1));
    assert_eq!(last.await.unwrap(), Err(Refusal::Waited));
    drop(held);
    let line: Vec<_> = join_all(line).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(line[0], Err(Refusal::Waited), "late already, it would make the next ones late");
    assert_eq!(line[1..], vec![Ok(()); FEW]);
}

#[tokio::test(start_paused = true)]
async fn a_few_clients_who_wait_for_their_answers_are_never_sent_away() {
    let gate = gate(1, 100);
    let clients = (0..=FEW).map(|_| async {
        for _ in 0..5 {
            work(Arc::clone(&gate), party(1), 5).await.expect("a turn");
        }
    });
    join_all(clients).await;
}

#[tokio::test(start_paused = true)]
async fn the_longest_line_gives_way_when_all_places_are_taken() {
    let gate = gate(1, 4);
    let held = gate.enter(party(1)).await.unwrap();
    let enter = |number| {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move { gate.enter(party(number)).await.map(drop) })
    };
    let flood: Vec<_> = (0..5).map(|_| enter(1)).collect();
    tokio::task::yield_now().await;
    let other = enter(2);
    tokio::task::yield_now().await;
    drop(held);
    let flood: Vec<_> = join_all(flood).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(flood.iter().filter(|outcome| **outcome == Err(Refusal::Crowded)).count(), 2, "{flood:?}");
    assert_eq!(other.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_delay_others() {
    let gate = gate(4, 1000);
    let flood: Vec<_> = (0..400)
        .map(|number| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move {
                sleep(Duration::from_millis(number)).await;
                join_all((0..10).map(|_| work(Arc::clone(&gate), party(1), 8))).await
            })
        })
        .collect();
    let mut waits = Vec::new();
    for _ in 0..30 {
        waits.push(work(Arc::clone(&gate), party(2), 8).await.expect("an organization that floods nothing is let in"));
        sleep(Duration::from_millis(3)).await;
    }
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(9)), "{waits:?}");
    let flood: Vec<_> = join_all(flood).await.into_iter().flat_map(Result::unwrap).collect();
    let served = flood.iter().filter(|outcome| outcome.is_ok()).count();
    // 400 ms of 4 places for 8 ms each are 200, of which the other took 30.
    assert!((150..=220).contains(&served), "{served} were served");
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_leaves_nothing_behind() {
    let gate = gate(1, 100);
    let held = gate.enter(party(1)).await.unwrap();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.enter(party(1)).await.map(drop) })
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(gate.occupancy().waiting, 5);
    waiting[0].abort();
    waiting[3].abort();
    tokio::task::yield_now().await;
    assert_eq!(gate.occupancy().waiting, 3);
    // One that has been given its place, and has not noticed yet.
    drop(held);
    assert_eq!(gate.occupancy().running, 1);
    waiting[1].abort();
    tokio::task::yield_now().await;
    advance(Duration::from_millis(1)).await;
    assert!(waiting.into_iter().nth(2).unwrap().await.unwrap().is_ok());
    assert!(gate.enter(party(1)).await.is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever comes, works and hangs up in whatever order: there are never more inside than may be, and in the end
    /// all places are free.
    #[test]
    fn there_are_never_too_many(
        limit in 1_usize..5,
        requests in prop::collection::vec((0_u64..60, 0_u8..4, 1_u64..30, prop::option::of(0_u64..40)), 1..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let gate = gate(limit, 16);
            let inside = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let all = requests.into_iter().map(|(comes, from, works, hangs_up)| {
                let (gate, inside, most) = (Arc::clone(&gate), Arc::clone(&inside), Arc::clone(&most));
                let request = async move {
                    sleep(Duration::from_millis(comes)).await;
                    let Ok(permit) = gate.enter(party(from)).await else { return };
                    let counted = Inside::of(&inside);
                    most.fetch_max(inside.load(Ordering::SeqCst), Ordering::SeqCst);
                    sleep(Duration::from_millis(works)).await;
                    drop(counted);
                    permit.done(u64::from(from));
                };
                async move {
                    match hangs_up {
                        Some(after) => drop(timeout(Duration::from_millis(comes + after), request).await),
                        None => request.await,
                    }
                }
            });
            join_all(all).await;
            assert!(most.load(Ordering::SeqCst) <= limit);
            assert_eq!(gate.occupancy(), Occupancy { limit, running: 0, waiting: 0 });
        });
    }
}

/// Counts who is inside, also when its request is dropped.
struct Inside(Arc<AtomicUsize>);

impl Inside {
    fn of(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
