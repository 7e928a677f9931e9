//! The worker as a whole.

use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::{JobHandler, JobRunner};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::relay::Relay;
use crate::schedules::Schedules;

#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// How many jobs run at the same time.
    pub concurrency: usize,
    /// How long running jobs may take once the worker is stopped. What is not done by then is run by another worker.
    pub stop_within: Duration,
}

/// The relay, the subscribers and the schedules, in one process.
pub struct Worker {
    pub relay: Relay,
    pub runner: Arc<dyn JobRunner>,
    pub subscribers: Arc<dyn JobHandler>,
    pub schedules: Schedules,
    pub settings: WorkerSettings,
}

impl Worker {
    /// Runs until `stop`, then lets the running jobs finish. Answers whether all did.
    pub async fn run(self, stop: CancellationToken) -> bool {
        let Self { relay, runner, subscribers, schedules, settings } = self;
        let mut parts = JoinSet::new();
        parts.spawn(relay.run(stop.clone()));
        parts.spawn(schedules.run(stop.clone()));
        let stop_jobs = stop.clone();
        parts.spawn(async move {
            if let Err(error) = runner.run(subscribers, settings.concurrency.max(1), stop_jobs).await {
                tracing::error!(%error, "the job runner ended");
            }
        });
        let mut all_well = true;
        // No part ends by itself; should one break, the process must not go on as if it still worked.
        tokio::select! {
            () = stop.cancelled() => {}
            Some(ended) = parts.join_next() => {
                tracing::error!(error = ended.err().map(|error| error.to_string()), "a part of the worker ended");
                all_well = false;
                stop.cancel();
            }
        }
        let finished = tokio::time::timeout(settings.stop_within, async {
            while let Some(ended) = parts.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a part of the worker broke");
                }
            }
        })
        .await;
        if finished.is_err() {
            tracing::warn!("running jobs were broken off; they will be run again");
        }
        all_well && finished.is_ok()
    }
}
