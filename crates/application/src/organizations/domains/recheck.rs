use async_trait::async_trait;
use chrono::TimeDelta;
use tenon_domain::DomainId;

use super::{Domains, DueDomain};
use crate::actor::{Actor, Origin};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// How long a look at a domain is good for. A little less than a day, so that the time of day stays the same.
const GOOD_FOR: TimeDelta = TimeDelta::hours(23);
/// How many domains are looked at in one run. The next run goes on with those that were looked at longest ago.
const BATCH: u64 = 1_000;

impl Domains {
    /// Looks again for the records of the domains that were not looked at for a day. Answers how many have to be verified
    /// anew. Several workers may do it at the same time.
    pub async fn recheck(&self) -> Result<u64, AppError> {
        let app = &self.app;
        let due = self.archive.due(app.clock.now() - GOOD_FOR, BATCH);
        let mut lapsed = 0;
        for DueDomain { organization, id, record_name, record_value } in app.availability.within_reach(due).await? {
            let found = match self.says(&record_name, &record_value).await {
                Ok(found) => Some(found),
                Err(error) => {
                    tracing::warn!(%error, record_name, "whether a domain is still proved is not known");
                    None
                }
            };
            let system = Actor::system(Some(organization), Origin::default());
            match app.execute(&system, RecheckDomain { domain: id, found }).await {
                Ok(is_lapsed) => lapsed += u64::from(is_lapsed),
                Err(error @ AppError::Unavailable(_)) => return Err(error),
                // The others are not to wait for this one, which stands first again the next time.
                Err(error) => tracing::error!(%error, record_name, "a domain could not be looked at again"),
            }
        }
        Ok(lapsed)
    }
}

/// Notes what came of looking again for the record of a verified domain. Answers whether that took the proof back.
#[derive(Clone, Copy, Debug)]
pub struct RecheckDomain {
    pub domain: DomainId,
    /// `None` when nobody could tell.
    pub found: Option<bool>,
}

#[async_trait]
impl Command for RecheckDomain {
    type Output = bool;
    const NAME: &'static str = "domain.recheck";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<bool, AppError> {
        let now = work.now();
        let Some(mut domain) = work.unit().domains().find(self.domain).await? else { return Ok(false) };
        let state = domain.state();
        // Another worker was here, or its organization.
        if state.verified_at.is_none() || state.checked_at.is_some_and(|last| last > now - GOOD_FOR) {
            return Ok(false);
        }
        match self.found {
            Some(true) => domain.verify(now),
            Some(false) => {
                let owners = work.unit().members().owners().await?;
                domain.miss(owners, now);
            }
            None => domain.note_silence(now),
        }
        let state = work.unit().domains().save(domain).await?;
        Ok(state.verified_at.is_none())
    }
}
