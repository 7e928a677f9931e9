use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Rounds of an event loop that never take less than this have more in them than can be done soon: some dozens of small
/// requests that arrive together are no overload.
const LONG_ROUND: Duration = Duration::from_millis(10);
/// The part of the time that a thread works when there is no more of it.
const SATURATED: f64 = 0.9;
/// How often shares are reconsidered.
const INTERVAL: Duration = Duration::from_millis(100);
/// No party gets less, in requests a second.
const SMALLEST: f64 = 10.0;
/// What a party that has been quiet may send at once.
const BURST: f64 = 20.0;

/// How much of a thread each party may use while the thread has more to do than it can.
///
/// What needs nothing but the processor never waits inside, so no gate can see it: it waits in sockets and run queues.
/// What can be seen is how long a round of the thread's event loop takes. While the shortest of some rounds is long, the
/// share of each party, in requests a second, is lowered until it limits the greediest; when rounds are short it grows
/// until it limits nobody. Parties that want less than their share notice nothing (max-min fairness).
#[derive(Debug)]
pub(super) struct CpuShare<P> {
    share: Option<f64>,
    parties: HashMap<P, Usage>,
    refused: bool,
    shortest_round: Option<Duration>,
    began: Instant,
    busy_before: Duration,
}

#[derive(Debug)]
struct Usage {
    admitted: u32,
    /// What may still be sent at once.
    left: f64,
    counted: Instant,
}

impl<P: Copy + Eq + Hash> CpuShare<P> {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            share: None,
            parties: HashMap::new(),
            refused: false,
            shortest_round: None,
            began: now,
            busy_before: Duration::ZERO,
        }
    }

    /// Whether the party may have a request handled now.
    pub(super) fn admit(&mut self, party: P, now: Instant) -> bool {
        let usage = self.parties.entry(party).or_insert_with(|| Usage { admitted: 0, left: BURST, counted: now });
        if let Some(share) = self.share {
            let earned = now.duration_since(usage.counted).as_secs_f64() * share;
            usage.left = (usage.left + earned).min(BURST);
            usage.counted = now;
            if usage.left < 1.0 {
                self.refused = true;
                return false;
            }
            usage.left -= 1.0;
        }
        usage.admitted += 1;
        true
    }

    /// Notes how long a round of the event loop took, and how long the thread has worked since it began.
    pub(super) fn observe(&mut self, round: Duration, busy: Duration, now: Instant) {
        self.shortest_round = Some(self.shortest_round.map_or(round, |shortest| shortest.min(round)));
        let elapsed = now.duration_since(self.began);
        if elapsed < INTERVAL {
            return;
        }
        let worked = busy.saturating_sub(self.busy_before).as_secs_f64() / elapsed.as_secs_f64();
        let shortest = self.shortest_round.take().unwrap_or_default();
        // Rounds are long, too, when the machine lets others run; refusing requests would not change that.
        self.reconsider(worked > SATURATED && shortest > LONG_ROUND, shortest, elapsed);
        self.began = now;
        self.busy_before = busy;
    }

    fn reconsider(&mut self, overloaded: bool, shortest: Duration, elapsed: Duration) {
        let most = self.parties.values().map(|usage| usage.admitted).max().unwrap_or(0);
        let greediest = f64::from(most) / elapsed.as_secs_f64();
        if overloaded {
            let excess = (LONG_ROUND.as_secs_f64() / shortest.as_secs_f64()).clamp(0.7, 0.95);
            let share = self.share.unwrap_or(f64::INFINITY).min(greediest) * excess;
            self.share = Some(share.max(SMALLEST));
        } else if let Some(share) = self.share {
            let grown = share * if self.refused { 1.05 } else { 1.5 };
            // Far above what anybody wants it limits nobody.
            self.share = (self.refused || grown < 4.0 * greediest.max(SMALLEST)).then_some(grown);
        }
        self.refused = false;
        // Who sent nothing in the meantime begins anew.
        self.parties.retain(|_, usage| std::mem::take(&mut usage.admitted) > 0 || usage.left < 1.0);
        if self.share.is_none() {
            self.parties.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that can handle 1,000 requests a second, for some seconds. Each party sends at its rate. Answers how many
    /// of each were admitted in the last second.
    fn run(cpu: &mut CpuShare<u8>, now: &mut Instant, seconds: u32, rates: &[(u8, u32)]) -> HashMap<u8, u32> {
        let mut admitted = HashMap::new();
        let mut busy = cpu.busy_before;
        let mut backlog = 0.0_f64;
        for tick in 0..seconds * 100 {
            if tick % 100 == 0 {
                admitted.clear();
            }
            for (party, rate) in rates {
                for _ in 0..rate * (tick + 1) / 100 - rate * tick / 100 {
                    if cpu.admit(*party, *now) {
                        *admitted.entry(*party).or_default() += 1;
                        backlog += 1.0;
                    }
                }
            }
            *now += Duration::from_millis(10);
            let done = backlog.min(10.0);
            backlog -= done;
            busy += Duration::from_secs_f64(done / 1000.0);
            cpu.observe(Duration::from_secs_f64(backlog / 1000.0), busy, *now);
        }
        admitted
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_be_done_is_done() {
        let mut now = Instant::now();
        let mut cpu = CpuShare::new(now);
        let admitted = run(&mut cpu, &mut now, 5, &[(1, 700), (2, 200)]);
        assert_eq!((admitted[&1], admitted[&2]), (700, 200));
        assert_eq!(cpu.share, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_greedy_are_limited_and_the_others_are_not() {
        let mut now = Instant::now();
        let mut cpu = CpuShare::new(now);
        let admitted = run(&mut cpu, &mut now, 20, &[(1, 3_000), (2, 100), (3, 200)]);
        assert_eq!((admitted[&2], admitted[&3]), (100, 200));
        assert!((500..=760).contains(&admitted[&1]), "{admitted:?}");
        let admitted = run(&mut cpu, &mut now, 20, &[(1, 3_000), (4, 2_000)]);
        let both = admitted[&1] + admitted[&4];
        assert!((850..=1_060).contains(&both), "{admitted:?}");
        assert!(admitted[&1].abs_diff(admitted[&4]) < 100, "{admitted:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_left_when_it_is_over() {
        let mut now = Instant::now();
        let mut cpu = CpuShare::new(now);
        run(&mut cpu, &mut now, 5, &[(1, 3_000)]);
        assert!(cpu.share.is_some());
        run(&mut cpu, &mut now, 5, &[(1, 100)]);
        assert!(cpu.share.is_none() && cpu.parties.len() <= 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_is_slow_for_other_reasons_refuses_nobody() {
        let mut now = Instant::now();
        let mut cpu = CpuShare::new(now);
        for _ in 0..1_000 {
            assert!(cpu.admit(1, now));
            now += Duration::from_millis(10);
            cpu.observe(Duration::from_millis(8), Duration::ZERO, now);
        }
    }
}
