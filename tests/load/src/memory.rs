//! How much memory a server takes: when nobody asks it anything, and under the mixed load.

use std::time::Duration;

use crate::Outcome;
use crate::closed_loop;
use crate::deployment::Deployment;
use crate::measurement::Measurement;
use crate::report::Row;
use crate::run::Bench;
use crate::scenario::Scenario;

const IDLE_FOR: Duration = Duration::from_secs(5);
const MIB: f64 = 1024.0 * 1024.0;
/// What is wanted of the embedded server, in MiB.
const WANTED_IDLE: f64 = 40.0;
const WANTED_MIXED: f64 = 150.0;

/// Starts the server anew, looks at it when it has idled, then under load.
pub(crate) async fn measure(bench: &mut Bench<'_>) -> Outcome<Vec<Row>> {
    bench.restart(&[]).await?;
    tokio::time::sleep(IDLE_FOR).await;
    let mut idle = Measurement::default();
    for process in &bench.server.processes {
        let usage = process.usage().ok_or_else(|| format!("{} is gone", process.name))?;
        idle.peak_rss_mib.insert(process.name.to_owned(), usage.rss_bytes as f64 / MIB);
    }
    let mixed = closed_loop::measure(bench, Scenario::Mixed).await?.tenon;
    let deployment = bench.setup.place.deployment;
    Ok(vec![row(deployment, "memory-idle", idle, WANTED_IDLE), row(deployment, "memory-mixed", mixed, WANTED_MIXED)])
}

fn row(deployment: Deployment, name: &str, tenon: Measurement, wanted: f64) -> Row {
    // The target is for everything in one process.
    let embedded = deployment == Deployment::Sqlite;
    let met = tenon.peak_rss_mib.values().sum::<f64>() < wanted;
    Row {
        target: embedded.then(|| format!("< {wanted:.0} MiB")),
        met: embedded.then_some(met),
        ..Row::alone(deployment, name.to_owned(), tenon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_server_has_a_limit() {
        let at = |mib| Measurement { peak_rss_mib: [("tenon".to_owned(), mib)].into(), ..Measurement::default() };
        assert_eq!(row(Deployment::Sqlite, "memory-idle", at(39.0), WANTED_IDLE).met, Some(true));
        assert_eq!(row(Deployment::Sqlite, "memory-idle", at(41.0), WANTED_IDLE).met, Some(false));
        assert_eq!(row(Deployment::Postgres, "memory-idle", at(41.0), WANTED_IDLE).met, None);
    }
}
