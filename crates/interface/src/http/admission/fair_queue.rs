use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use tokio::time::Instant;

/// Those who wait, in a line for each party. The lines are served in turn, so that a long one delays only itself.
#[derive(Debug)]
pub(super) struct FairQueue<P, T> {
    lines: HashMap<P, Line<T>>,
    /// The parties that have a line, in the order in which they are served.
    turns: VecDeque<P>,
    len: usize,
    tickets: u64,
}

#[derive(Debug)]
struct Line<T> {
    /// In the order of their tickets.
    waiting: VecDeque<(u64, T)>,
    since: Instant,
}

impl<P, T> Default for FairQueue<P, T> {
    fn default() -> Self {
        Self { lines: HashMap::new(), turns: VecDeque::new(), len: 0, tickets: 0 }
    }
}

impl<P: Copy + Eq + Hash, T> FairQueue<P, T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many of a party wait.
    pub(super) fn len_of(&self, party: P) -> usize {
        self.lines.get(&party).map_or(0, |line| line.waiting.len())
    }

    /// Since when somebody of the party has been waiting without a pause.
    pub(super) fn waiting_since(&self, party: P) -> Option<Instant> {
        self.lines.get(&party).map(|line| line.since)
    }

    /// Puts somebody at the end of their party's line, and answers the ticket to leave with.
    pub(super) fn push(&mut self, party: P, item: T, now: Instant) -> u64 {
        self.tickets += 1;
        self.len += 1;
        let line = self.lines.entry(party).or_insert_with(|| {
            self.turns.push_back(party);
            Line { waiting: VecDeque::new(), since: now }
        });
        line.waiting.push_back((self.tickets, item));
        self.tickets
    }

    /// The party whose turn it is, its first, and since when somebody of that party has been waiting.
    pub(super) fn pop(&mut self) -> Option<(P, T, Instant)> {
        let party = self.turns.pop_front()?;
        let line = self.lines.get_mut(&party)?;
        let (_, first) = line.waiting.pop_front()?;
        let since = line.since;
        if line.waiting.is_empty() {
            self.lines.remove(&party);
        } else {
            self.turns.push_back(party);
        }
        self.len -= 1;
        Some((party, first, since))
    }

    /// Lets somebody go who waits no longer. `None` if they were served, or sent away, before.
    pub(super) fn leave(&mut self, party: P, ticket: u64) -> Option<T> {
        let line = self.lines.get_mut(&party)?;
        let place = line.waiting.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        let (_, item) = line.waiting.remove(place)?;
        self.close_if_empty(party);
        Some(item)
    }

    /// Sends away the last one of the longest line.
    pub(super) fn evict(&mut self) -> Option<T> {
        let (&party, _) = self.lines.iter().max_by_key(|(_, line)| line.waiting.len())?;
        let (_, item) = self.lines.get_mut(&party)?.waiting.pop_back()?;
        self.close_if_empty(party);
        Some(item)
    }

    /// How long the longest line is.
    pub(super) fn longest(&self) -> usize {
        self.lines.values().map(|line| line.waiting.len()).max().unwrap_or(0)
    }

    fn close_if_empty(&mut self, party: P) {
        self.len -= 1;
        if self.len_of(party) == 0 {
            self.lines.remove(&party);
            self.turns.retain(|waiting| *waiting != party);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_are_served_in_turn() {
        let now = Instant::now();
        let mut queue = FairQueue::default();
        for number in 0..5 {
            queue.push('a', ('a', number), now);
        }
        queue.push('b', ('b', 0), now);
        queue.push('c', ('c', 0), now);
        queue.push('b', ('b', 1), now);
        let served: Vec<_> = std::iter::from_fn(|| queue.pop()).map(|(_, item, _)| item).collect();
        let expected = [('a', 0), ('b', 0), ('c', 0), ('a', 1), ('b', 1), ('a', 2), ('a', 3), ('a', 4)];
        assert_eq!(served, expected);
        assert!(queue.is_empty() && queue.waiting_since('a').is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_line_gives_way() {
        let now = Instant::now();
        let mut queue = FairQueue::default();
        queue.push('b', 'b', now);
        let tickets: Vec<_> = (0..3).map(|_| queue.push('a', 'a', now)).collect();
        assert_eq!((queue.longest(), queue.evict()), (3, Some('a')));
        assert_eq!(queue.leave('a', tickets[2]), None, "the last one was sent away");
        assert_eq!(queue.leave('a', tickets[0]), Some('a'));
        assert_eq!((queue.len(), queue.len_of('a'), queue.len_of('b')), (2, 1, 1));
    }

    proptest! {
        /// Whatever comes and goes: nobody is lost or served twice, and while somebody of a party waits, no other party
        /// is served more than once.
        #[test]
        fn nobody_is_forgotten(steps in prop::collection::vec((0_u8..4, 0_u8..5), 1..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let now = runtime.block_on(async { Instant::now() });
            let mut queue: FairQueue<u8, (u8, u64)> = FairQueue::default();
            let mut waiting: Vec<(u8, u64)> = Vec::new();
            // Who was served since a party that waits began to wait, or was served itself.
            let mut served_since: HashMap<u8, Vec<u8>> = HashMap::new();
            for (kind, party) in steps {
                match kind {
                    0 | 1 => {
                        let expected = queue.tickets + 1;
                        let ticket = queue.push(party, (party, expected), now);
                        prop_assert_eq!(ticket, expected);
                        waiting.push((party, ticket));
                        served_since.entry(party).or_default();
                    }
                    2 => {
                        let served = queue.pop().map(|(_, item, _)| item);
                        prop_assert_eq!(served.is_some(), !waiting.is_empty());
                        let Some(served) = served else { continue };
                        let first = waiting.iter().find(|(other, _)| *other == served.0).copied();
                        prop_assert_eq!(first, Some(served), "the first of the line");
                        waiting.retain(|item| *item != served);
                        served_since.insert(served.0, Vec::new());
                        for (_, others) in served_since.iter_mut().filter(|(other, _)| **other != served.0) {
                            prop_assert!(!others.contains(&served.0), "served twice while somebody else waited");
                            others.push(served.0);
                        }
                    }
                    _ => {
                        let leaving = waiting.iter().find(|(other, _)| *other == party).copied();
                        if let Some((party, ticket)) = leaving {
                            prop_assert_eq!(queue.leave(party, ticket), Some((party, ticket)));
                            waiting.retain(|item| *item != (party, ticket));
                        }
                    }
                }
                served_since.retain(|party, _| waiting.iter().any(|(other, _)| other == party));
                prop_assert_eq!(queue.len(), waiting.len());
            }
        }
    }
}
