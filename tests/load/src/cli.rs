//! What can be asked for.

use std::path::PathBuf;

use clap::Parser;

use crate::deployment::Deployment;
use crate::scenario::Scenario;

/// Measures Tenon under load, beside minimal reference programs on the same machine.
#[derive(Clone, Debug, Parser)]
#[command(name = "tenon-load", version)]
pub struct Cli {
    /// What to run on; may be repeated
    #[arg(long, value_enum, default_values = ["sqlite"])]
    pub deployment: Vec<Deployment>,
    /// What to measure; may be repeated [default: all that take no special option]
    #[arg(long, value_enum)]
    pub scenario: Vec<Scenario>,
    /// How many tasks there are before measuring
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=5_000_000))]
    pub tasks: u64,
    /// How many of them commands make; the others are copies of those, made inside the database
    #[arg(long, default_value_t = 10_000)]
    pub template: u64,
    /// Measures at each of these sizes (10000,100000,1000000), and a deep page against the first
    #[arg(long, value_delimiter = ',', value_name = "TASKS")]
    pub scale: Vec<u64>,
    /// How many projects they are in
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub projects: u64,
    /// Connections of the driver
    #[arg(long, default_value_t = 32)]
    pub connections: u32,
    /// How long each measurement takes
    #[arg(long, default_value_t = 5)]
    pub seconds: u64,
    /// How often each is repeated, in turn with its reference; medians are reported
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// How many tasks' events wait for the worker in `worker-throughput`
    #[arg(long, default_value_t = 100_000)]
    pub backlog: u64,
    /// Runs the mixed load for so many minutes at a constant rate, and watches what grows
    #[arg(long, value_name = "MINUTES")]
    pub soak: Option<u64>,
    /// Arrivals a second where they are constant [default: 100; in a soak 200]
    #[arg(long)]
    pub rate: Option<f64>,
    /// Also write the results here
    #[arg(long)]
    pub json: Option<PathBuf>,
    /// A setting of the servers (`TENON_LOG=warn`); may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// Where data and logs are kept, in a directory of their own [default: the system's temporary directory]
    #[arg(long)]
    pub work_dir: Option<PathBuf>,
    /// Leave data and logs behind
    #[arg(long)]
    pub keep: bool,
    /// Where the binaries are [default: beside this one]
    #[arg(long)]
    pub bin_dir: Option<PathBuf>,
    /// The closed-loop driver
    #[arg(long, default_value = "wrk")]
    pub wrk: PathBuf,
    /// The open-loop driver
    #[arg(long, default_value = "oha")]
    pub oha: PathBuf,
    /// An administrator's connection: a database and a role are made there
    #[arg(long, default_value_t = variable("TENON_TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres"))]
    pub postgres_url: String,
    /// An administrator's connection: a database is made there
    #[arg(long, default_value_t = variable("TENON_TEST_MYSQL_URL", "mysql://root@127.0.0.1:3306"))]
    pub mysql_url: String,
    /// Keys get a prefix of their own, and are removed at the end
    #[arg(long, default_value_t = variable("TENON_TEST_REDIS_URL", "redis://127.0.0.1:6379"))]
    pub redis_url: String,
}

/// The servers of the tests are as good for measuring.
fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

impl Cli {
    /// How many tasks commands make, and how often each is copied then.
    pub(crate) fn copies(&self) -> Result<(u64, u64), String> {
        let made = self.tasks.min(self.template);
        let even =
            made > 0 && self.tasks.is_multiple_of(made) && (self.tasks == made || made.is_multiple_of(self.projects));
        if even {
            return Ok((made, self.tasks / made - 1));
        }
        Err(format!("{} tasks cannot be copies of {made} in {} projects", self.tasks, self.projects))
    }

    /// `NAME=VALUE` taken apart.
    pub(crate) fn variables(&self) -> Result<Vec<(String, String)>, String> {
        let split = |setting: &String| {
            let parts = setting.split_once('=').filter(|(name, _)| name.starts_with("TENON_"));
            let (name, value) = parts.ok_or_else(|| format!("--set {setting}: expected TENON_…=…"))?;
            Ok((name.to_owned(), value.to_owned()))
        };
        self.settings.iter().map(split).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_commands_do_not_make_is_copied_evenly() {
        let copies = |arguments: &str| Cli::parse_from(format!("tenon-load {arguments}").split(' ')).copies();
        assert_eq!(copies("--tasks 10000"), Ok((10_000, 0)));
        assert_eq!(copies("--tasks 1000000"), Ok((10_000, 99)));
        assert_eq!(copies("--tasks 105"), Ok((105, 0)));
        assert!(copies("--tasks 25000").is_err());
        assert!(copies("--tasks 1000 --template 100 --projects 7").is_err());
    }

    #[test]
    fn settings_are_taken_apart() {
        let cli = |setting: &str| Cli::parse_from(["tenon-load", "--set", setting]).variables();
        assert_eq!(cli("TENON_LOG=a=b").unwrap(), [("TENON_LOG".to_owned(), "a=b".to_owned())]);
        assert!(cli("TENON_LOG").is_err());
        assert!(cli("PATH=x").is_err());
    }
}
