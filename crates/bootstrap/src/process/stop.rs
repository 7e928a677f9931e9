use std::time::Duration;

use tenon_infrastructure::telemetry::LogWriter;
use tenon_interface::http::Draining;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A token that is cancelled by SIGTERM or SIGINT. A second signal ends the process at once, with its `log` written.
pub(super) fn on_signal(log: LogWriter) -> Result<CancellationToken, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let name = next().await;
        tracing::info!(signal = name, "stopping: requests and jobs that run are finished");
        stop.cancel();
        let name = next().await;
        tracing::warn!(signal = name, "stopping at once");
        log.flush();
        std::process::exit(1);
    });
    Ok(token)
}

/// A token that is cancelled some time after `told`. In between, the server says that it is about to stop.
pub(super) fn after_draining(told: CancellationToken, time: Duration, draining: Draining) -> CancellationToken {
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        told.cancelled().await;
        draining.begin();
        tokio::time::sleep(time).await;
        stopping.cancel();
    });
    stop
}
