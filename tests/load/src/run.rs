//! A whole run: each deployment is set up, filled, measured and removed.

use std::time::{Duration, Instant};

use tenon_bootstrap::System;

use crate::Outcome;
use crate::backlog;
use crate::cli::Cli;
use crate::closed_loop;
use crate::database::{Place, connect, outbox_depth};
use crate::deployment::Deployment;
use crate::event_latency;
use crate::fill::{OWNER, World, fill, sample};
use crate::interference;
use crate::memory;
use crate::multiply::{STEP_MINUTES, multiply};
use crate::oha;
use crate::overload;
use crate::report::{Report, Row};
use crate::requests::Request;
use crate::scale::{self, Size};
use crate::scenario::Scenario;
use crate::server::{Api, Server, Setup, plain};
use crate::soak::{self, Soak};
use crate::timing;
use crate::usage::Processors;

/// How long the worker may take to deal with what a scenario left behind.
const SETTLE_WITHIN: Duration = Duration::from_secs(600);

/// What is measured at every size, unless something else is asked for.
const GROWING: [Scenario; 4] =
    [Scenario::GetTaskCold, Scenario::ListTasks, Scenario::ListFiltered, Scenario::CreateTaskSpread];

/// A deployment that runs, filled, with the references beside it.
pub(crate) struct Bench<'a> {
    pub(crate) cli: &'a Cli,
    pub(crate) setup: &'a Setup,
    pub(crate) world: World,
    pub(crate) server: Server,
    /// Absent where nothing is compared.
    pub(crate) reference: Option<Server>,
    pub(crate) api: Api,
}

impl Bench<'_> {
    /// Starts the server anew, with these variables on top.
    pub(crate) async fn restart(&mut self, extra: &[(&str, &str)]) -> Outcome<()> {
        self.server.stop()?;
        self.server = self.setup.start(extra).await?;
        self.api.moved_to(&self.server);
        Ok(())
    }

    /// Waits until every event has reached its subscribers, so that the next measurement has the machine to itself.
    pub(crate) async fn settle(&self) -> Outcome<()> {
        let connection = connect(&self.setup.place.database_url()).await?;
        let begun = Instant::now();
        loop {
            let depth = outbox_depth(&connection).await?;
            if depth == 0 {
                return Ok(connection.close().await?);
            }
            if begun.elapsed() > SETTLE_WITHIN {
                return Err(format!("{depth} events were left after {SETTLE_WITHIN:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What was found on one deployment.
struct Found {
    rows: Vec<Row>,
    soak: Option<Soak>,
    size: Option<Size>,
}

/// Each deployment at each size.
fn sizes(cli: &Cli) -> Vec<(Deployment, u64)> {
    let sizes = if cli.scale.is_empty() { vec![cli.tasks] } else { cli.scale.clone() };
    cli.deployment.iter().flat_map(|deployment| sizes.iter().map(|size| (*deployment, *size))).collect()
}

/// Measures what was asked for, and prints the table.
pub async fn run(cli: Cli) -> Outcome<()> {
    let scenarios = match (cli.scenario.is_empty(), cli.soak.is_some(), cli.scale.is_empty()) {
        (true, false, true) => Scenario::all(),
        (true, _, false) => GROWING.to_vec(),
        _ => cli.scenario.clone(),
    };
    let processors = Processors::now();
    let mut report = Report {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        connections: cli.connections,
        seconds: cli.seconds,
        rounds: cli.rounds,
        tasks: cli.tasks,
        ..Report::default()
    };
    if scenarios.contains(&Scenario::Overload) {
        oha::require(&cli.oha)?;
    }
    for (deployment, size) in sizes(&cli) {
        let cli = Cli { tasks: size, ..cli.clone() };
        let found = on_deployment(&cli, deployment, &scenarios).await?;
        report.rows.extend(found.rows);
        report.soaks.extend(found.soak);
        report.sizes.extend(found.size);
    }
    report.stolen = Processors::now().stolen_since(processors);
    println!("\n{}", report.table());
    if let Some(path) = &cli.json {
        report.write(path)?;
    }
    report.failure().map_or(Ok(()), |failure| Err(failure.into()))
}

async fn on_deployment(cli: &Cli, deployment: Deployment, scenarios: &[Scenario]) -> Outcome<Found> {
    let parent = cli.work_dir.clone().unwrap_or_else(std::env::temp_dir);
    let mut directory = tempfile::Builder::new().prefix("tenon-load-").tempdir_in(&parent)?;
    plain(directory.path())?;
    directory.disable_cleanup(cli.keep);
    let setup = Setup::new(cli, Place::new(cli, deployment, directory.path()))?;
    eprintln!("{}: in {}", deployment.name(), directory.path().display());
    let outcome = measure_all(cli, &setup, scenarios).await;
    if cli.keep {
        return outcome;
    }
    let removed = setup.place.remove().await;
    let found = outcome?;
    removed.map(|()| found)
}

async fn measure_all(cli: &Cli, setup: &Setup, scenarios: &[Scenario]) -> Outcome<Found> {
    let mut bench = prepare(cli, setup).await?;
    let mut rows = Vec::new();
    if !cli.scale.is_empty() {
        let size = Some(scale::measure(&bench, scenarios).await?);
        bench.server.stop()?;
        return Ok(Found { rows, soak: None, size });
    }
    for scenario in scenarios {
        let found = match scenario {
            Scenario::EventLatency => vec![event_latency::measure(&bench).await?],
            Scenario::LoginFlood => vec![interference::login_flood(&bench).await?],
            Scenario::Fairness => vec![interference::fairness(&bench).await?],
            Scenario::WorkerThroughput => vec![backlog::measure(&mut bench).await?],
            Scenario::Overload => overload::measure(&bench).await?,
            Scenario::Timing => timing::measure(&bench).await?,
            Scenario::Memory => memory::measure(&mut bench).await?,
            Scenario::GetTaskCold => {
                bench.restart(&[("TENON_CACHE", "off")]).await?;
                let row = compare(&bench, *scenario).await?;
                bench.restart(&[]).await?;
                vec![row]
            }
            _ => vec![compare(&bench, *scenario).await?],
        };
        for row in &found {
            eprintln!("  {}", row.summary());
        }
        rows.extend(found);
    }
    let soak = match cli.soak {
        Some(minutes) => Some(soak::soak(&bench, minutes).await?),
        None => None,
    };
    let Bench { mut server, reference, .. } = bench;
    server.stop()?;
    reference.map_or(Ok(()), |mut reference| reference.stop())?;
    Ok(Found { rows, soak, size: None })
}

async fn compare(bench: &Bench<'_>, scenario: Scenario) -> Outcome<Row> {
    let deployment = bench.setup.place.deployment;
    let found = closed_loop::measure(bench, scenario).await?;
    Ok(Row::compared(deployment, scenario.name(), found, scenario.target(deployment)))
}

async fn prepare<'a>(cli: &'a Cli, setup: &'a Setup) -> Outcome<Bench<'a>> {
    setup.place.create().await?;
    setup.migrate()?;
    let world = make_world(cli, setup).await?;
    let compares = cli.scale.is_empty();
    if compares {
        setup.place.copy_for_reference().await?;
    }
    // What grows is the database: a cache would only hide it.
    let server = setup.start(if compares { &[] } else { &[("TENON_CACHE", "off")] }).await?;
    let api = Api::new(&server);
    let token = api.sign_in(OWNER).await?;
    let sample = world.tasks.first().ok_or("no task was made")?;
    let sample = api.send(&Request::get(format!("/api/v1/tasks/{sample}")).by(&token)).await?;
    let reference = if compares { Some(setup.start_reference(&sample).await?) } else { None };
    let bench = Bench { cli, setup, world, server, reference, api };
    let begun = Instant::now();
    bench.settle().await?;
    eprintln!("  its events reached their subscribers in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(bench)
}

/// Fills the database: as many tasks as commands make in reasonable time, the rest as copies of them.
async fn make_world(cli: &Cli, setup: &Setup) -> Outcome<World> {
    let begun = Instant::now();
    let (made, copies) = cli.copies()?;
    let system = System::start(&setup.config()?, "http://127.0.0.1").await?;
    // One step more than there are copies: ids are made by the real clock, and a copy that is as late as its original's id
    // would have the same.
    let minutes_ago = i64::try_from(copies + 1)? * STEP_MINUTES;
    let mut world = fill(&system, made, cli.projects, minutes_ago).await?;
    system.database.close().await;
    drop(system);
    eprintln!("  filled with {made} tasks by commands in {:.1} s", begun.elapsed().as_secs_f64());
    if copies > 0 {
        let begun = Instant::now();
        let connection = connect(&setup.place.database_url()).await?;
        multiply(&connection, made / cli.projects, copies).await?;
        world.tasks = sample(&connection, copies + 1).await?;
        connection.close().await?;
        eprintln!("  copied to {} in {:.1} s", cli.tasks, begun.elapsed().as_secs_f64());
    }
    Ok(world)
}
