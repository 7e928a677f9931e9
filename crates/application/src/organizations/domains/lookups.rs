use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenon_domain::OrganizationId;

/// How many lookups an organization may have under way in a process, so that one whose name servers are slow leaves the
/// others theirs.
const MOST_OF_ONE: usize = 2;

/// The lookups that organizations wait for in this process.
#[derive(Clone, Debug, Default)]
pub struct LookupsUnderWay(Arc<Mutex<HashMap<OrganizationId, usize>>>);

impl LookupsUnderWay {
    /// One more for this organization, until it is dropped; none if it has as many as it may have.
    pub(in crate::organizations) fn begin(&self, organization: OrganizationId) -> Option<LookupUnderWay> {
        let mut counts = self.counts();
        let count = counts.entry(organization).or_default();
        if *count >= MOST_OF_ONE {
            return None;
        }
        *count += 1;
        Some(LookupUnderWay { all: self.clone(), organization })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<OrganizationId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(in crate::organizations) struct LookupUnderWay {
    all: LookupsUnderWay,
    organization: OrganizationId,
}

impl Drop for LookupUnderWay {
    fn drop(&mut self) {
        let mut counts = self.all.counts();
        let left = counts.get(&self.organization).map_or(0, |count| count - 1);
        if left == 0 {
            counts.remove(&self.organization);
        } else {
            counts.insert(self.organization, left);
        }
    }
}
