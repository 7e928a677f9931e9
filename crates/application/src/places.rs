//! Places for those who wait for servers that somebody else named: few for each party, so that who names a slow one leaves
//! the others theirs.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

/// How long somebody waits for a place.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many wait for each place that there is, or that a party may have.
const LINE: usize = 4;

/// So many places, of which nobody takes more than a few, nor more than there are left. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Places<P: Clone + Eq + Hash>(Arc<Shared<P>>);

#[derive(Debug)]
struct Shared<P> {
    all: usize,
    of_one: usize,
    uses: Mutex<Uses<P>>,
    freed: Notify,
}

/// Who is here. A party that has no place and waits for none is forgotten.
#[derive(Debug)]
struct Uses<P> {
    taken: usize,
    waiting: usize,
    parties: HashMap<P, Use>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Use {
    taken: usize,
    waiting: usize,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The party has as many as it may have.
    Party,
    /// All are taken.
    All,
}

impl<P: Clone + Eq + Hash> Places<P> {
    pub(crate) fn new(all: usize, of_one: usize) -> Self {
        let uses = Uses { taken: 0, waiting: 0, parties: HashMap::new() };
        Self(Arc::new(Shared { all, of_one, uses: Mutex::new(uses), freed: Notify::new() }))
    }

    /// A place that counts as one of each of these parties, if there is one at this moment.
    pub(crate) fn try_take(&self, parties: &[P]) -> Result<Place<P>, Full> {
        let mut uses = self.uses();
        let left = self.0.all.saturating_sub(uses.taken);
        if left == 0 {
            return Err(Full::All);
        }
        let most = self.0.of_one.min(left);
        if parties.iter().any(|party| uses.of(party).taken >= most) {
            return Err(Full::Party);
        }
        uses.taken += 1;
        parties.iter().for_each(|party| uses.change(party, |own| own.taken += 1));
        Ok(Place { places: self.clone(), parties: parties.to_vec() })
    }

    /// A place for this party, waited for a moment if need be.
    pub(crate) async fn take(&self, party: &P) -> Option<Place<P>> {
        let parties = std::slice::from_ref(party);
        if let Ok(place) = self.try_take(parties) {
            return Some(place);
        }
        let _waiting = self.stand_in_line(party)?;
        let taken = async {
            loop {
                // Before looking again, so that nothing is missed that is freed meanwhile.
                let freed = self.0.freed.notified();
                if let Ok(place) = self.try_take(parties) {
                    return place;
                }
                freed.await;
            }
        };
        timeout(PATIENCE, taken).await.ok()
    }

    fn stand_in_line(&self, party: &P) -> Option<Waiting<P>> {
        let mut uses = self.uses();
        if uses.waiting >= self.0.all * LINE || uses.of(party).waiting >= self.0.of_one * LINE {
            return None;
        }
        uses.waiting += 1;
        uses.change(party, |own| own.waiting += 1);
        Some(Waiting { places: self.clone(), party: party.clone() })
    }

    fn uses(&self) -> MutexGuard<'_, Uses<P>> {
        self.0.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Clone + Eq + Hash> Uses<P> {
    fn of(&self, party: &P) -> Use {
        self.parties.get(party).copied().unwrap_or_default()
    }

    fn change(&mut self, party: &P, change: impl FnOnce(&mut Use)) {
        let mut own = self.of(party);
        change(&mut own);
        if own == Use::default() {
            self.parties.remove(party);
        } else {
            self.parties.insert(party.clone(), own);
        }
    }
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Place<P: Clone + Eq + Hash> {
    places: Places<P>,
    parties: Vec<P>,
}

impl<P: Clone + Eq + Hash> Drop for Place<P> {
    fn drop(&mut self) {
        let mut uses = self.places.uses();
        uses.taken -= 1;
        self.parties.iter().for_each(|party| uses.change(party, |own| own.taken -= 1));
        drop(uses);
        self.places.0.freed.notify_waiters();
    }
}

/// Somebody in line, until this is dropped.
struct Waiting<P: Clone + Eq + Hash> {
    places: Places<P>,
    party: P,
}

impl<P: Clone + Eq + Hash> Drop for Waiting<P> {
    fn drop(&mut self) {
        let mut uses = self.places.uses();
        uses.waiting -= 1;
        uses.change(&self.party, |own| own.waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn taken(places: &Places<u8>, party: u8, count: usize) -> Vec<Place<u8>> {
        (0..count).map(|_| places.try_take(&[party]).unwrap()).collect()
    }

    #[test]
    fn a_party_has_its_own_few_and_no_others() {
        let places = Places::new(8, 2);
        let first = taken(&places, 1, 2);
        assert_eq!(places.try_take(&[1]).unwrap_err(), Full::Party);
        let both = places.try_take(&[2, 3]).unwrap();
        let second = taken(&places, 2, 1);
        for parties in [[1, 4], [4, 2]] {
            assert_eq!(places.try_take(&parties).unwrap_err(), Full::Party, "{parties:?}");
        }
        drop(both);
        drop(places.try_take(&[2, 3]).unwrap());
        drop((first, second));
        assert!(places.uses().parties.is_empty(), "who is gone is forgotten");
        assert_eq!(places.uses().taken, 0);
    }

    #[test]
    fn nobody_takes_more_than_are_left() {
        let places = Places::new(9, 4);
        let mut all = taken(&places, 1, 4);
        all.extend(taken(&places, 2, 3));
        assert_eq!(places.try_take(&[2]).unwrap_err(), Full::Party, "there are two, and it has three");
        all.extend(taken(&places, 3, 1));
        all.extend(taken(&places, 4, 1));
        assert_eq!(places.try_take(&[5]).unwrap_err(), Full::All);
        all.pop();
        drop(places.try_take(&[5]).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_waited_for_a_moment() {
        let places = Places::new(8, 1);
        let held = places.try_take(&[1]).unwrap();
        let began = Instant::now();
        assert!(places.take(&1).await.is_none());
        assert!(began.elapsed() >= PATIENCE);
        let late = tokio::spawn(async move {
            tokio::time::sleep(PATIENCE / 2).await;
            drop(held);
        });
        let began = Instant::now();
        assert!(places.take(&1).await.is_some());
        assert!(began.elapsed() < PATIENCE, "as soon as there is one");
        late.await.unwrap();
        assert!(places.uses().parties.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_line_of_a_party_has_an_end_and_others_pass_it() {
        let places = Places::new(8, 1);
        let held = places.try_take(&[1]).unwrap();
        let waiting: Vec<_> = (0..LINE)
            .map(|_| {
                let places = places.clone();
                tokio::spawn(async move { places.take(&1).await.is_some() })
            })
            .collect();
        tokio::task::yield_now().await;
        let began = Instant::now();
        assert!(places.take(&1).await.is_none());
        assert!(places.take(&2).await.is_some());
        assert_eq!(began.elapsed(), Duration::ZERO, "neither waited");
        drop(held);
        for one in waiting {
            assert!(one.await.unwrap(), "one after the other");
        }
        assert_eq!(places.uses().waiting, 0);
    }
}
