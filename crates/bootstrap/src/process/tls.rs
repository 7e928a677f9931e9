use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::Clock;
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::tls::{RENEW_BEFORE, ServedCertificate, TlsError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::TlsFiles;
use crate::failure::Failure;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);

pub(super) fn read(files: TlsFiles) -> Result<Arc<ServedCertificate>, Failure> {
    Ok(Arc::new(ServedCertificate::read(files.certificates, files.key)?))
}

/// Takes up a renewed certificate, within a minute or at once on SIGHUP, until `stop`.
pub(super) fn keep_renewed(
    certificate: Arc<ServedCertificate>,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, Failure> {
    let mut hang_up = signal(SignalKind::hangup())?;
    announce(&certificate);
    Ok(tokio::spawn(async move {
        // What is wrong with the files is told once, and on every SIGHUP.
        let mut told = None;
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.tick().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hang_up.recv() => told = None,
                _ = ticks.tick() => {}
            }
            let files = Arc::clone(&certificate);
            let outcome = tokio::task::spawn_blocking(move || files.renew()).await;
            told = match outcome {
                Ok(outcome) => tell(&certificate, outcome, told),
                Err(_) => told,
            };
        }
    }))
}

/// Tells what came of reading the files, unless it was told before.
fn tell(certificate: &ServedCertificate, outcome: Result<bool, TlsError>, told: Option<String>) -> Option<String> {
    match outcome {
        Ok(true) => {
            announce(certificate);
            None
        }
        Ok(false) => None,
        Err(error) => {
            let error = error.to_string();
            if told.as_ref() != Some(&error) {
                tracing::error!(%error, "the TLS certificate was not renewed: the one before is served");
            }
            Some(error)
        }
    }
}

fn announce(certificate: &ServedCertificate) {
    let expires_at = certificate.expires_at();
    metrics::gauge!("tls_certificate_expires_seconds").set(expires_at.timestamp() as f64);
    if expires_at - SystemClock.now() < RENEW_BEFORE {
        tracing::warn!(%expires_at, "the TLS certificate that is served is about to expire");
    } else {
        tracing::info!(%expires_at, "a TLS certificate is served");
    }
}
