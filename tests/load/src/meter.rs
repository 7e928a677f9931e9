//! What a measurement costs: CPU time and memory of the servers under load, of the database and of Redis.

use std::collections::BTreeMap;

use crate::Outcome;
use crate::deployment::Deployment;
use crate::measurement::Measurement;
use crate::process::Process;
use crate::server::Server;
use crate::usage::{cpu_of, memory_of, reset_peak};

const MIB: f64 = 1024.0 * 1024.0;

/// Runs from before a measurement to its end.
pub(crate) struct Meter {
    /// CPU seconds so far, by process.
    own: BTreeMap<u32, f64>,
    /// The same of all processes of a name.
    others: Vec<(&'static str, f64)>,
}

impl Meter {
    /// A server that is started meanwhile is metered from its start.
    pub(crate) fn begin(server: &Server, deployment: Deployment) -> Self {
        let so_far = |process: &Process| {
            reset_peak(process.pid());
            (process.pid(), process.usage().unwrap_or_default().cpu_seconds)
        };
        let own = server.processes.iter().map(so_far).collect();
        let others = deployment.servers().iter().map(|name| (*name, cpu_of(name))).collect();
        Self { own, others }
    }

    /// Notes it. Fails when a process is gone.
    pub(crate) fn end(self, server: &Server, measurement: &mut Measurement) -> Outcome<()> {
        for process in &server.processes {
            let usage = process.usage().ok_or_else(|| format!("{} is gone", process.name))?;
            let before = self.own.get(&process.pid()).copied().unwrap_or_default();
            measurement.cpu_seconds.insert(process.name.to_owned(), usage.cpu_seconds - before);
            measurement.peak_rss_mib.insert(process.name.to_owned(), usage.peak_rss_bytes as f64 / MIB);
        }
        for (name, before) in self.others {
            // None where the server is on another machine.
            if let Some(bytes) = memory_of(name) {
                measurement.cpu_seconds.insert(name.to_owned(), cpu_of(name) - before);
                measurement.servers_mib.insert(name.to_owned(), bytes as f64 / MIB);
            }
        }
        Ok(())
    }
}
