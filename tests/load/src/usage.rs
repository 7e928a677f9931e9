//! What a process uses, as `/proc` tells.

use std::fs;

use serde::Serialize;

/// Ticks of `/proc/<pid>/stat` in a second: 100 on every Linux that is in use.
const TICKS_PER_SECOND: f64 = 100.0;

/// A look at a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    pub(crate) rss_bytes: u64,
    /// The most it had resident since its start, or since [`reset_peak`].
    pub(crate) peak_rss_bytes: u64,
    pub(crate) threads: u64,
    pub(crate) open_files: u64,
}

impl Usage {
    /// `None` when the process is gone.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let open_files = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        Some(Self {
            cpu_seconds: cpu_seconds(&stat)?,
            rss_bytes: field(&status, "VmRSS:")? * 1024,
            peak_rss_bytes: field(&status, "VmHWM:")? * 1024,
            threads: field(&status, "Threads:")?,
            open_files: u64::try_from(open_files).ok()?,
        })
    }
}

/// What the processors did since the system started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    ticks: f64,
    stolen: f64,
}

impl Processors {
    pub(crate) fn now() -> Self {
        Self::read(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// The first line has the ticks of all processors by what they did; the eighth is what the host gave to others, and
    /// what follows is contained in the others.
    fn read(stat: &str) -> Self {
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<f64> = line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
        Self { ticks: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0.0) }
    }

    /// The share that was taken away since then.
    pub(crate) fn stolen_since(self, then: Self) -> f64 {
        (self.stolen - then.stolen) / (self.ticks - then.ticks).max(1.0)
    }
}

/// Lets the peak begin anew. Where that is not allowed, it stays that of the whole life.
pub(crate) fn reset_peak(pid: u32) {
    drop(fs::write(format!("/proc/{pid}/clear_refs"), "5"));
}

/// CPU time of all processes of that name, those included that have ended since.
pub(crate) fn cpu_of(name: &str) -> f64 {
    let stats = named(name).into_iter().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    stats.filter_map(|stat| cpu_seconds(&stat)).sum()
}

/// Memory of all processes of that name in bytes, or `None` without any. What they share counts once, if the system
/// lets us see that.
pub(crate) fn memory_of(name: &str) -> Option<u64> {
    let of = |pid: u32| {
        let shared = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok();
        let shared = shared.and_then(|rollup| field(&rollup, "Pss:"));
        shared.or_else(|| field(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?, "VmRSS:"))
    };
    let sizes: Vec<u64> = named(name).into_iter().filter_map(of).collect();
    (!sizes.is_empty()).then(|| sizes.iter().sum::<u64>() * 1024)
}

fn named(name: &str) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_named = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim_end() == name);
    pids.filter(is_named).collect()
}

/// User and system time, also of children that have ended. The name of the process, in parentheses, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()? + ticks()? + ticks()?) / TICKS_PER_SECOND)
}

fn field(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_took_is_a_share_of_all() {
        let then = Processors::read("cpu  10 0 10 70 0 0 0 10 5 0\ncpu0 1 2 3\n");
        let now = Processors::read("cpu  40 0 20 80 0 0 10 50 9 0\n");
        assert!((now.stolen_since(then) - 0.4).abs() < 1e-9);
        assert_eq!(then.stolen_since(then), 0.0);
    }

    #[test]
    fn times_are_found_after_a_name_with_anything_in_it() {
        let stat = "4242 (a (b) 7 c) S 1 2 3 0 -1 4194304 5 0 0 0 250 50 60 40 20 0 9 0 100 1 2 3";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds("nothing"), None);
    }

    #[test]
    fn fields_are_found_by_their_names() {
        let status = "Name:\ttenon\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t7\n";
        assert_eq!(field(status, "VmRSS:"), Some(1024));
        assert_eq!(field(status, "Threads:"), Some(7));
        assert_eq!(field(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss_bytes > 0 && usage.peak_rss_bytes >= usage.rss_bytes / 2 && usage.threads > 0);
        assert_eq!(Usage::of(u32::MAX), None);
        let name = fs::read_to_string("/proc/self/comm").unwrap();
        assert!(named(name.trim_end()).contains(&std::process::id()));
        assert!(memory_of(name.trim_end()).is_some() && memory_of("no such program").is_none());
    }
}
