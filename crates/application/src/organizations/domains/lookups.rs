use tenon_domain::{OrganizationId, UserId};

use crate::actor::Viewer;
use crate::error::AppError;
use crate::places::{Full, Place, Places};

/// How many lookups people have under way in a process. The daily look at what is proved has places of its own beside
/// them.
const MOST: usize = 12;
/// How many an organization may have, and a user in all organizations: who founds many gets no more by it.
const MOST_OF_ONE: usize = 2;

/// The lookups that people wait for in this process.
#[derive(Clone, Debug)]
pub struct LookupsUnderWay(Places<Party>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Party {
    Organization(OrganizationId),
    User(UserId),
}

impl Default for LookupsUnderWay {
    fn default() -> Self {
        Self(Places::new(MOST, MOST_OF_ONE))
    }
}

impl LookupsUnderWay {
    /// One more for this user and their organization, until it is dropped.
    pub(in crate::organizations) fn begin(&self, viewer: Viewer) -> Result<LookupUnderWay, AppError> {
        let parties = [Party::Organization(viewer.organization), Party::User(viewer.user)];
        match self.0.try_take(&parties) {
            Ok(place) => Ok(LookupUnderWay { _place: place }),
            Err(Full::Party) => Err(AppError::LookupsUnderWay),
            Err(Full::All) => Err(AppError::Unavailable("too many wait for the DNS".to_owned())),
        }
    }
}

#[derive(Debug)]
pub(in crate::organizations) struct LookupUnderWay {
    _place: Place<Party>,
}
