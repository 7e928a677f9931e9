//! What happens by the clock.

use std::fmt::Display;
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use apalis_cron::CronScheduler;
use chrono::TimeDelta;
use futures::StreamExt;
use tenon_application::events::Outbox;
use tenon_application::idempotency::IdempotencyKeys;
use tenon_application::identity::{
    AccountRequestArchive, PasskeyCeremonyArchive, SessionArchive, SignInChallengeArchive, SignInCodeArchive,
    TokenArchive,
};
use tenon_application::organizations::Domains;
use tenon_application::ports::{Clock, JobRunner};
use tenon_domain::Timestamp;
use tokio_util::sync::CancellationToken;

// Second, minute, hour, day, month, weekday.
const EVERY_FIVE_MINUTES: &str = "0 */5 * * * *";
const HOURLY: &str = "0 7 * * * *";
const DAILY: &str = "0 37 3 * * *";
const KEPT: TimeDelta = TimeDelta::hours(24);
/// A session that is over is kept for questions about it: who was signed in, and from where.
const ENDED_SESSIONS_KEPT: TimeDelta = TimeDelta::days(30);
/// The audit trail names tokens by their ids: so long it can be found out what they were.
const ENDED_TOKENS_KEPT: TimeDelta = TimeDelta::days(90);
/// A run that takes longer is broken off, and the next one goes on: its store may have gone away without a word, and
/// the kernel believes in a connection for a quarter of an hour.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Forgets what nobody needs any more, and looks again at what may not be true any more. Several workers may do it at the same time.
pub struct Schedules {
    pub runner: Arc<dyn JobRunner>,
    pub outbox: Arc<dyn Outbox>,
    pub idempotency_keys: Arc<dyn IdempotencyKeys>,
    pub sessions: Arc<dyn SessionArchive>,
    pub account_requests: Arc<dyn AccountRequestArchive>,
    pub challenges: Arc<dyn SignInChallengeArchive>,
    pub ceremonies: Arc<dyn PasskeyCeremonyArchive>,
    pub sign_in_codes: Arc<dyn SignInCodeArchive>,
    pub tokens: Arc<dyn TokenArchive>,
    pub domains: Domains,
    pub clock: Arc<dyn Clock>,
}

impl Schedules {
    /// Runs until `stop`; a run that is under way is finished.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(
            every(EVERY_FIVE_MINUTES, &stop, "queue.vacuum", || self.runner.vacuum()),
            every(HOURLY, &stop, "outbox.purge", || self.outbox.purge(self.ago(KEPT))),
            every(HOURLY, &stop, "idempotency.purge", || self.idempotency_keys.purge(self.ago(KEPT))),
            every(HOURLY, &stop, "account_request.purge", || self.account_requests.purge(self.ago(KEPT))),
            every(HOURLY, &stop, "sign_in_challenge.purge", || self.challenges.purge(self.ago(KEPT))),
            every(HOURLY, &stop, "passkey_ceremony.purge", || self.ceremonies.purge(self.ago(KEPT))),
            // Hourly, so that many domains are not all looked at in the same minute of the day.
            every(HOURLY, &stop, "domain.recheck", || self.domains.recheck()),
            every(HOURLY, &stop, "sign_in_code.purge", || self.sign_in_codes.purge(self.ago(KEPT))),
            every(DAILY, &stop, "session.purge", || self.sessions.purge(self.ago(ENDED_SESSIONS_KEPT))),
            every(DAILY, &stop, "token.purge", || self.tokens.purge(self.ago(ENDED_TOKENS_KEPT))),
        );
    }

    fn ago(&self, age: TimeDelta) -> Timestamp {
        self.clock.now() - age
    }
}

async fn every<E, W>(schedule: &str, stop: &CancellationToken, operation: &'static str, run: impl Fn() -> W)
where
    E: Display,
    W: Future<Output = Result<u64, E>>,
{
    let schedule = match cron::Schedule::from_str(schedule) {
        Ok(schedule) => schedule,
        Err(error) => {
            tracing::error!(%error, operation, "not a schedule");
            return;
        }
    };
    let mut ticks = Box::pin(CronScheduler::new(schedule).into_stream());
    while let Some(tick) = stop.run_until_cancelled(ticks.next()).await.flatten() {
        match tick {
            // A tick that was missed, because the machine slept: the next one comes.
            Err(error) => tracing::warn!(%error, operation, "a scheduled run was missed"),
            Ok(_) => bounded(operation, run()).await,
        }
    }
}

async fn bounded<E: Display>(operation: &'static str, run: impl Future<Output = Result<u64, E>>) {
    match tokio::time::timeout(TIMEOUT, run).await {
        Ok(Ok(forgotten)) => tracing::info!(operation, forgotten, success = true, "{operation}"),
        Ok(Err(error)) => tracing::error!(operation, %error, success = false, "{operation}"),
        Err(error) => tracing::error!(operation, %error, timeout = ?TIMEOUT, success = false, "{operation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{DAILY, EVERY_FIVE_MINUTES, HOURLY, TIMEOUT, bounded};
    use chrono::{TimeZone, Utc};
    use std::str::FromStr;

    #[test]
    fn the_schedules_mean_what_they_are_called() {
        let noon = Utc.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap();
        let next = |schedule: &str| {
            let schedule = cron::Schedule::from_str(schedule).unwrap();
            schedule.after(&noon).take(2).map(|at| (at - noon).num_minutes()).collect::<Vec<_>>()
        };
        assert_eq!(next(EVERY_FIVE_MINUTES), [5, 10]);
        assert_eq!(next(HOURLY), [7, 67]);
        assert_eq!(next(DAILY), [15 * 60 + 37, 39 * 60 + 37]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_never_ends_is_broken_off() {
        let started = tokio::time::Instant::now();
        bounded("test", std::future::pending::<Result<u64, String>>()).await;
        assert_eq!(started.elapsed(), TIMEOUT);
    }
}
