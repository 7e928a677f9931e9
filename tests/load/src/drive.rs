//! One measurement in a closed loop: what was answered, what it cost, and what was left undone.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::measurement::Measurement;
use crate::meter::Meter;
use crate::requests::Load;
use crate::run::Bench;
use crate::server::Server;
use crate::wrk::{self, Pressure};

/// What the driver left behind when it ended is answered by then.
const DONE_WITHIN: Duration = Duration::from_secs(10);

impl Bench<'_> {
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs(self.cli.seconds)
    }

    pub(crate) fn meter(&self, server: &Server) -> Meter {
        Meter::begin(server, self.setup.place.deployment)
    }

    /// Drives a server with as many connections as were asked for.
    pub(crate) async fn drive(&self, server: &Server, load: &Load, duration: Duration) -> Outcome<Measurement> {
        let pressure = Pressure { connections: self.cli.connections, duration, statuses: false };
        let measurement = self.press(server, load, pressure).await?;
        if measurement.errors.contains_key("4xx/5xx") {
            // Once more, only to learn which ones.
            let pressure = Pressure { duration: Duration::from_secs(1), statuses: true, ..pressure };
            let named = self.press(server, load, pressure).await?.errors;
            eprintln!("  refused, in another second: {named:?}");
        }
        Ok(measurement)
    }

    pub(crate) async fn press(&self, server: &Server, load: &Load, pressure: Pressure) -> Outcome<Measurement> {
        let meter = self.meter(server);
        let directory = &self.setup.place.directory;
        let mut measurement = wrk::drive(&self.cli.wrk, directory, &server.address, load, pressure).await?;
        meter.end(server, &mut measurement)?;
        note_unfinished(server, &mut measurement).await?;
        Ok(measurement)
    }
}

/// The driver does not count a request that is never answered. One that the server still works on long after the
/// driver ended is such a one.
pub(crate) async fn note_unfinished(server: &Server, measurement: &mut Measurement) -> Outcome<()> {
    let begun = Instant::now();
    loop {
        let metrics = server.metrics().await;
        if metrics.as_ref().is_ok_and(|metrics| under_way(metrics) == 0) {
            return Ok(());
        }
        if begun.elapsed() > DONE_WITHIN {
            measurement.errors.insert("unfinished".to_owned(), under_way(&metrics?));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Requests that were let in or wait for that; nobody counts them without admission control, and in the references.
fn under_way(metrics: &str) -> u64 {
    let gauges = ["admission_running", "admission_waiting"];
    let lines = metrics.lines().filter(|line| gauges.iter().any(|gauge| line.starts_with(gauge)));
    let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_is_found_among_the_metrics() {
        let metrics = "# TYPE admission_running gauge\nadmission_running{class=\"read\"} 2\n\
                       admission_running{class=\"write\"} 0\nadmission_waiting{class=\"read\"} 3\n\
                       admission_limit{class=\"read\"} 16\n";
        assert_eq!(under_way(metrics), 5);
        assert_eq!(under_way(""), 0);
    }
}
