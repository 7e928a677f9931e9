//! The processes: the API (with or without the worker) and the worker by itself, from start to graceful end.

mod http;
mod stop;
mod tls;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tenon_infrastructure::persistence::Database;
use tenon_infrastructure::telemetry::{LogWriter, Metrics, Telemetry};
use tenon_interface::http::Draining;
use tenon_worker::Worker;
use tokio_util::sync::CancellationToken;

use crate::cli::terminal::say;
use crate::composition::System;
use crate::config::Config;
use crate::demo;
use crate::failure::Failure;

/// How often the pools are measured.
const MEASURE_POOLS_EVERY: Duration = Duration::from_secs(5);

/// What is printed once the server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Banner {
    Plain,
    /// Fills the deployment first, and shows the way around.
    Demo,
}

/// Runs a command to its end.
pub(crate) fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("tenon").build()?;
    runtime.block_on(command)
}

/// Serves the API until the process is told to stop.
pub(crate) async fn serve(config: Config, banner: Banner) -> Result<(), Failure> {
    let telemetry = Telemetry::install(&config.log, config.otlp_endpoint.as_deref(), "tenon")?;
    let outcome = serve_with_logs(&config, banner, telemetry.log()).await;
    if let Err(failure) = &outcome {
        tracing::error!(%failure, "the server ends");
    }
    telemetry.flush().await;
    outcome
}

async fn serve_with_logs(config: &Config, banner: Banner, log: &LogWriter) -> Result<(), Failure> {
    // Before anything else is started: a taken port is the most common mistake, and should cost nothing.
    let (listener, address) = listen(config.bind)?;
    let certificate = config.tls.clone().map(tls::read).transpose()?;
    let public_url = config.public_url(address);
    let metrics = Metrics::install()?;
    let draining = Draining::default();
    let stop = stop::after_draining(stop::on_signal(log.clone())?, config.drain, draining.clone());
    let system = System::start(config, &public_url).await?;
    let measuring = tokio::spawn(measure(metrics.clone(), system.database.clone(), stop.clone()));
    let encryption = certificate.as_ref().map(|certificate| certificate.server_config()).transpose()?;
    let renewing = certificate.map(|certificate| tls::keep_renewed(certificate, stop.clone())).transpose()?;
    let worker = config.runs_worker().then(|| tokio::spawn(supervise(system.worker(config), stop.clone())));
    let server = http::Server::prepare(config, &system, metrics, &public_url, draining)?.encrypted(encryption);
    match banner {
        Banner::Plain => {
            let (version, scheme) = (env!("CARGO_PKG_VERSION"), config.scheme());
            say(format_args!("Tenon {version} listens on {scheme}://{address} ({public_url}/docs)"));
        }
        Banner::Demo => demo::welcome(&system, config, &public_url, &stop).await?,
    }
    let served = server.run(listener, stop.clone()).await;
    // When the server ended by itself, the rest must end too.
    stop.cancel();
    let worked = match worker {
        Some(worker) => worker.await?,
        None => Ok(()),
    };
    measuring.await?;
    if let Some(renewing) = renewing {
        renewing.await?;
    }
    system.database.close().await;
    served.and(worked)
}

/// Runs the worker until the process is told to stop.
pub(crate) async fn work(config: Config) -> Result<(), Failure> {
    let telemetry = Telemetry::install(&config.log, config.otlp_endpoint.as_deref(), "tenon-worker")?;
    let outcome = work_with_logs(&config, telemetry.log()).await;
    if let Err(failure) = &outcome {
        tracing::error!(%failure, "the worker ends");
    }
    telemetry.flush().await;
    outcome
}

async fn work_with_logs(config: &Config, log: &LogWriter) -> Result<(), Failure> {
    if config.embedded() {
        tracing::warn!("with SQLite the worker runs inside `tenon serve`; this one is only needed elsewhere");
    }
    let listening = config.worker_bind.map(listen).transpose()?;
    let metrics = Metrics::install()?;
    let stop = stop::on_signal(log.clone())?;
    let system = System::start(config, &config.public_url(config.bind)).await?;
    let measuring = tokio::spawn(measure(metrics.clone(), system.database.clone(), stop.clone()));
    say(format_args!("Tenon {} works, {} jobs at a time", env!("CARGO_PKG_VERSION"), config.worker_concurrency));
    let outcome = match listening {
        Some((listener, address)) => {
            say(format_args!("Health and metrics are at http://{address}/health and http://{address}/metrics"));
            // Answers until the last job is done, so that a worker that stops is not taken for a dead one.
            let done = CancellationToken::new();
            let work = async {
                let worked = supervise(system.worker(config), stop.clone()).await;
                done.cancel();
                worked
            };
            let report = async {
                let reported = http::report(listener, system.health.clone(), metrics, done.clone()).await;
                stop.cancel();
                reported
            };
            let (worked, reported) = tokio::join!(work, report);
            worked.and(reported)
        }
        None => supervise(system.worker(config), stop).await,
    };
    measuring.await?;
    system.database.close().await;
    outcome
}

fn listen(bind: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failure = |error| Failure::Listen { address: bind.to_string(), error };
    let listener = TcpListener::bind(bind).map_err(failure)?;
    listener.set_nonblocking(true).map_err(failure)?;
    let address = listener.local_addr().map_err(failure)?;
    Ok((listener, address))
}

/// Runs the worker until `stop`. Should it end by itself, it takes the process with it, to be started again.
async fn supervise(worker: Worker, stop: CancellationToken) -> Result<(), Failure> {
    worker.run(stop.child_token()).await;
    let asked = stop.is_cancelled();
    stop.cancel();
    if asked { Ok(()) } else { Err(Failure::WorkerEnded) }
}

async fn measure(metrics: Metrics, database: Database, stop: CancellationToken) {
    let pools = async {
        let mut ticks = tokio::time::interval(MEASURE_POOLS_EVERY);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            database.report_pools();
        }
    };
    tokio::join!(pools, metrics.upkeep(stop.clone()));
}
