//! How fast the relay and the worker work off a backlog.

use std::time::{Duration, Instant};

use tenon_bootstrap::System;

use crate::Outcome;
use crate::database::{connect, number, outbox_depth};
use crate::deployment::Deployment;
use crate::fill::add_tasks;
use crate::measurement::Measurement;
use crate::report::Row;
use crate::run::Bench;
use crate::scenario::Scenario;

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A worker that gets nothing done for that long is stuck.
const PROGRESS_WITHIN: Duration = Duration::from_secs(60);

/// What is wanted, in events a second.
const fn wanted(deployment: Deployment) -> f64 {
    match deployment {
        Deployment::Sqlite => 1_000.0,
        Deployment::Postgres | Deployment::Mariadb => 2_000.0,
    }
}

/// Stops everything, leaves a backlog in the outbox, and times from the start of the processes until each event, and
/// each message that came of one, has all its receipts.
pub(crate) async fn measure(bench: &mut Bench<'_>) -> Outcome<Row> {
    bench.server.stop()?;
    let connection = connect(&bench.setup.place.database_url()).await?;
    let stored = "SELECT COUNT(*) FROM outbox";
    let before = number(&connection, stored).await?;
    let system = System::start(&bench.setup.config()?, "http://127.0.0.1").await?;
    add_tasks(&system, &bench.world, bench.cli.backlog).await?;
    system.database.close().await;
    drop(system);
    let waiting = outbox_depth(&connection).await?;
    let meter = bench.meter(&bench.server);
    let begun = Instant::now();
    bench.server = bench.setup.start(&[]).await?;
    bench.api.moved_to(&bench.server);
    drain(&connection, waiting).await?;
    let elapsed = begun.elapsed().as_secs_f64();
    let dealt_with = number(&connection, stored).await? - before;
    connection.close().await?;
    eprintln!("  {waiting} events, and {} messages that came of them, in {elapsed:.1} s", dealt_with - waiting as i64);
    let per_second = waiting as f64 / elapsed;
    let mut tenon = Measurement { requests: waiting, requests_per_second: per_second, ..Measurement::default() };
    meter.end(&bench.server, &mut tenon)?;
    let deployment = bench.setup.place.deployment;
    Ok(Row {
        target: Some(format!("≥ {:.0} events/s", wanted(deployment))),
        met: Some(per_second >= wanted(deployment)),
        ..Row::alone(deployment, Scenario::WorkerThroughput.name(), tenon)
    })
}

async fn drain(connection: &sea_orm::DatabaseConnection, waiting: u64) -> Outcome<()> {
    let (mut depth, mut since) = (waiting, Instant::now());
    while depth > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = outbox_depth(connection).await?;
        if now != depth {
            (depth, since) = (now, Instant::now());
        } else if since.elapsed() > PROGRESS_WITHIN {
            return Err(format!("{depth} events are stuck").into());
        }
    }
    Ok(())
}
