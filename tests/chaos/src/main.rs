//! Rounds of random faults by hand: see the README beside this crate.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program for people, which reads the clock"
)]

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures::FutureExt;
use tenon_chaos_tests::rounds::{self, LAST_REDELIVERY, Report, Terms};
use tenon_chaos_tests::servers::Keeping;
use tenon_chaos_tests::{Cluster, Deployment, Shape};

const USAGE: &str =
    "cargo run -p tenon-chaos-tests -- [--deployment sqlite|postgres|mariadb] [--rounds N] [--seed N] [--redis-log]";
const DEPLOYMENTS: [(&str, Deployment); 3] =
    [("sqlite", Deployment::Embedded), ("postgres", Deployment::PostgresRedis), ("mariadb", Deployment::MysqlRedis)];
/// How much is shown of what is wrong with a round.
const SHOWN: usize = 20;

struct Wish {
    deployment: (&'static str, Deployment),
    rounds: u64,
    seed: u64,
    keeping: Keeping,
}

fn wish() -> Option<Wish> {
    let mut wish = Wish { deployment: DEPLOYMENTS[0], rounds: 10, seed: 1, keeping: Keeping::Nothing };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--deployment" => {
                let wanted = arguments.next()?;
                wish.deployment = DEPLOYMENTS.into_iter().find(|(name, _)| *name == wanted)?;
            }
            "--rounds" => wish.rounds = arguments.next()?.parse().ok()?,
            "--seed" => wish.seed = arguments.next()?.parse().ok()?,
            "--redis-log" => wish.keeping = Keeping::Log,
            _ => return None,
        }
    }
    Some(wish)
}

impl Wish {
    /// How to run one of its rounds alone.
    fn again(&self, seed: u64) -> String {
        let log = if self.keeping == Keeping::Log { " --redis-log" } else { "" };
        let deployment = self.deployment.0;
        format!("cargo run -p tenon-chaos-tests -- --deployment {deployment} --rounds 1 --seed {seed}{log}")
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(wish) = wish() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    let shape = Shape { keeping: wish.keeping, ..Shape::of(wish.deployment.1) };
    let cluster = Cluster::start(&shape).await;
    let (mut reports, mut failed) = (Vec::new(), Vec::new());
    for seed in wish.seed..wish.seed + wish.rounds {
        match one_round(&cluster, seed).await {
            (Some(report), true) => reports.push((seed, report)),
            (report, _) => {
                failed.push(seed);
                reports.extend(report.map(|report| (seed, report)));
                println!("{}", cluster.log_end(40));
                println!("  again: {}", wish.again(seed));
            }
        }
    }
    println!("looking at all rounds once more in {LAST_REDELIVERY:?}");
    tokio::time::sleep(LAST_REDELIVERY).await;
    for (seed, report) in &reports {
        let found = AssertUnwindSafe(report.look_again(&cluster)).catch_unwind().await;
        let faults = found.unwrap_or_else(|panic| vec![said(panic.as_ref())]);
        if !faults.is_empty() && !failed.contains(seed) {
            println!("round {seed}: FAILED later");
            faults.iter().take(SHOWN).for_each(|fault| println!("  ✗ {fault}"));
            failed.push(*seed);
        }
    }
    println!("{} of {} rounds passed", wish.rounds - failed.len() as u64, wish.rounds);
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a round, says how it went, and answers whether it passed. A panic is the end of that round only.
async fn one_round(cluster: &Cluster, seed: u64) -> (Option<Report>, bool) {
    let terms = Terms::PROMISED;
    let plan = rounds::plan(cluster, seed, terms.longest_outage);
    let begun = Instant::now();
    let outcome = AssertUnwindSafe(rounds::round(cluster, &plan, seed, terms)).catch_unwind().await;
    let (summary, faults, report) = match outcome {
        Ok(report) => (report.summary.clone(), report.faults.clone(), Some(report)),
        Err(panic) => ("it broke off".to_owned(), vec![said(panic.as_ref())], None),
    };
    let verdict = if faults.is_empty() { "passed" } else { "FAILED" };
    println!("round {seed}: {verdict} in {:.1?}: {summary}", begun.elapsed());
    plan.iter().for_each(|fault| println!("    {fault}"));
    faults.iter().take(SHOWN).for_each(|fault| println!("  ✗ {fault}"));
    (report, faults.is_empty())
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
