//! The scenarios that `wrk` drives: which requests they are made of, and their rounds.

use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Outcome;
use crate::fill::{OWNER, PASSWORD, World};
use crate::measurement::Measurement;
use crate::requests::{COUNTER, Load, Request};
use crate::run::Bench;
use crate::scenario::{Reference, Scenario};
use crate::server::{Api, Server};
use crate::statistics::{median, ratio};

/// How many tasks are read again and again.
const WARM_TASKS: usize = 1_000;
/// A step that shares no factor with the length of a list visits all of it, in an order in which its parts take turns.
const STEP: usize = 7_919;
const STATUSES: [&str; 5] = ["todo", "in_progress", "in_review", "done", "canceled"];

/// A scenario and its reference: the medians of their rounds.
pub(crate) struct Compared {
    pub(crate) tenon: Measurement,
    pub(crate) reference: Option<Measurement>,
    /// The median of what each round found, in which both ran one right after the other: what else the machine did then
    /// weighs on both alike.
    pub(crate) ratio: Option<f64>,
}

/// Measures a scenario, in turn with its reference.
pub(crate) async fn measure(bench: &Bench<'_>, scenario: Scenario) -> Outcome<Compared> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let reference = scenario.reference().zip(bench.reference.as_ref());
    let reference = reference.map(|(kind, server)| (reference_load(&bench.world, scenario, kind), server));
    warm_up(bench, scenario, reference.as_ref()).await?;
    for round in 0..bench.cli.rounds {
        if let Some((load, server)) = &reference {
            let found = bench.drive(server, load, bench.duration()).await?;
            if found.error_count() > 0 {
                return Err(format!("the reference of {} failed: {:?}", scenario.name(), found.errors).into());
            }
            theirs.push(found);
        }
        let load = load(bench, scenario, round + 1).await?;
        ours.push(bench.drive(&bench.server, &load, bench.duration()).await?);
        if scenario.writes() {
            bench.settle().await?;
        }
    }
    let ratios: Vec<_> = ours
        .iter()
        .zip(&theirs)
        .filter_map(|(ours, theirs)| ratio(ours.requests_per_second, theirs.requests_per_second))
        .collect();
    Ok(Compared {
        tenon: Measurement::median(&ours),
        reference: reference.map(|_| Measurement::median(&theirs)),
        ratio: (!ratios.is_empty()).then(|| median(ratios)),
    })
}

/// A second for caches, pools and statements to fill; and a look at what is answered, because a fast error is none.
async fn warm_up(bench: &Bench<'_>, scenario: Scenario, reference: Option<&(Load, &Server)>) -> Outcome<()> {
    let own = load(bench, scenario, 0).await?;
    let both = [Some((&own, &bench.server)), reference.map(|(load, server)| (load, *server))];
    for (load, server) in both.into_iter().flatten() {
        // The last one: what a driver sends first, it may be able to send only once.
        let last = load.requests.last().ok_or("nothing to send")?;
        Api::new(server).send(last).await?;
        bench.drive(server, load, Duration::from_secs(1)).await?;
    }
    if scenario == Scenario::GetTaskNotModified {
        let status = bench.api.status(own.requests.last().ok_or("nothing to send")?).await;
        if status != Ok(304) {
            return Err(format!("{}: answered with {status:?}", scenario.name()).into());
        }
    }
    if scenario.writes() { bench.settle().await } else { Ok(()) }
}

/// The requests of a scenario. Rounds differ where a request cannot be carried out twice.
async fn load(bench: &Bench<'_>, scenario: Scenario, round: usize) -> Outcome<Load> {
    let world = &bench.world;
    let token = bench.api.sign_in(OWNER).await?;
    let warm = &world.tasks[..world.tasks.len().min(WARM_TASKS)];
    let signed = |requests: Vec<Request>| requests.into_iter().map(|request| request.by(&token)).collect::<Vec<_>>();
    Ok(match scenario {
        Scenario::GetTask => Load::random(signed(reads(warm, "/api/v1/tasks"))),
        Scenario::GetTaskNotModified => {
            let reads = stream::iter(warm).map(|id| read_again(&bench.api, id, &token));
            Load::random(reads.buffered(16).try_collect().await?)
        }
        Scenario::GetTaskCold => Load::listed(signed(reads(&world.tasks, "/api/v1/tasks"))),
        Scenario::ListTasks => Load::random(signed(lists(world, "/api/v1/tasks"))),
        Scenario::ListFiltered => Load::random(signed(filtered_lists(world))),
        Scenario::CreateTask => Load::random(signed(creations(world, &world.projects[..1], "/api/v1/tasks"))),
        Scenario::CreateTaskSpread => Load::random(signed(creations(world, &world.projects, "/api/v1/tasks"))),
        Scenario::UpdateTask => Load::random(signed(updates(&world.tasks))),
        Scenario::Transition => Load::listed(signed(transitions(&world.tasks, round, bench.cli.rounds))),
        Scenario::Login => {
            let body = json!({"email": OWNER, "password": PASSWORD});
            Load::random(vec![Request::post("/api/v1/auth/login", body)])
        }
        Scenario::Mixed => Load::random(signed(mixed(world))),
        _ => return Err(format!("{} is no closed loop", scenario.name()).into()),
    })
}

/// The same for a reference.
fn reference_load(world: &World, scenario: Scenario, reference: Reference) -> Load {
    let warm = &world.tasks[..world.tasks.len().min(WARM_TASKS)];
    match reference {
        Reference::Bare => Load::random(reads(warm, "/bare/tasks")),
        Reference::Row => Load::listed(reads(&world.tasks, "/row/tasks")),
        Reference::Rows => Load::random(lists(world, "/row/tasks")),
        Reference::Insert => {
            let projects = if scenario == Scenario::CreateTask { &world.projects[..1] } else { &world.projects[..] };
            Load::random(creations(world, projects, "/insert/tasks"))
        }
    }
}

/// Reads a task with the tag it has now: what was measured before may have changed it.
async fn read_again(api: &Api, id: &Uuid, token: &str) -> Outcome<Request> {
    let read = Request::get(format!("/api/v1/tasks/{id}")).by(token);
    let task = api.send(&read).await?;
    Ok(read.unless_held(format!("\"{id}.{}\"", task["version"])))
}

fn reads(tasks: &[Uuid], path: &str) -> Vec<Request> {
    tasks.iter().map(|id| Request::get(format!("{path}/{id}"))).collect()
}

fn lists(world: &World, path: &str) -> Vec<Request> {
    world.projects.iter().map(|project| Request::get(format!("{path}?project_id={project}&limit=50"))).collect()
}

fn filtered_lists(world: &World) -> Vec<Request> {
    let assignee = world.assignee;
    let filters = [
        format!("assignee_id={assignee}&priority=high"),
        "label=billing&status=backlog".to_owned(),
        "priority=urgent&priority=high&sort=-priority".to_owned(),
        format!("assignee_id={assignee}&label=docs&label=api&type=task"),
    ];
    let of = |project: &Uuid| -> Vec<Request> {
        let path = |filter: &String| format!("/api/v1/tasks?project_id={project}&{filter}&limit=50");
        filters.iter().map(|filter| Request::get(path(filter))).collect()
    };
    world.projects.iter().flat_map(of).collect()
}

fn creations(world: &World, projects: &[Uuid], path: &str) -> Vec<Request> {
    let body = |number: usize| -> Value {
        json!({
            "project_id": projects[number % projects.len()],
            "title": format!("A task that came under load, number {number}"),
            "priority": "medium",
            "assignee_ids": [world.assignee],
            "labels": ["customer", "infra"],
            "estimate": number % 13,
        })
    };
    (0..1_000).map(|number| Request::post(path, body(number))).collect()
}

/// The driver counts, so that each title is a new one however often the request is sent.
fn updates(tasks: &[Uuid]) -> Vec<Request> {
    let title = json!({"title": format!("Changed for the time {COUNTER}")});
    let path = |number: usize| format!("/api/v1/tasks/{}", tasks[number * STEP % tasks.len()]);
    (0..tasks.len()).map(|number| Request::patch(path(number), title.clone())).collect()
}

/// Each round moves tasks of its own from one status to the next, so that nothing is moved to where it is.
fn transitions(tasks: &[Uuid], round: usize, rounds: usize) -> Vec<Request> {
    // Even, so that each of the driver's two threads keeps to its own tasks.
    let share = tasks.len() / (rounds + 1) / 2 * 2;
    let tasks = &tasks[round * share..(round + 1) * share];
    let path = |id: &Uuid| format!("/api/v1/tasks/{id}/transition");
    let step = |status: &'static str| tasks.iter().map(move |id| Request::post(path(id), json!({"status": status})));
    STATUSES.into_iter().flat_map(step).collect()
}

/// What people do: mostly look.
fn mixed(world: &World) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut take = |count: usize, from: Vec<Request>| requests.extend(from.into_iter().cycle().take(count));
    take(4_800, reads(&world.tasks, "/api/v1/tasks"));
    take(1_600, lists(world, "/api/v1/tasks"));
    take(800, filtered_lists(world));
    take(800, vec![Request::get("/api/v1/projects"), Request::get("/api/v1/users/me")]);
    take(800, creations(world, &world.projects, "/api/v1/tasks"));
    take(1_200, updates(&world.tasks));
    requests
}

/// The mix in an order in which its parts take turns.
pub(crate) async fn mixed_load(bench: &Bench<'_>) -> Outcome<Load> {
    let mixed = load(bench, Scenario::Mixed, 0).await?.requests;
    let requests = (0..mixed.len()).map(|position| mixed[position * STEP % mixed.len()].clone()).collect();
    Ok(Load::listed(requests))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn world() -> World {
        let ids = |count: u128| (1..=count).map(Uuid::from_u128).collect();
        World { projects: ids(10), tasks: ids(101), ..World::default() }
    }

    #[test]
    fn no_two_rounds_move_the_same_tasks() {
        let tasks = world().tasks;
        let moved = |round| transitions(&tasks, round, 3).into_iter().map(|it| it.path).collect::<BTreeSet<_>>();
        assert!((0..4).all(|round| moved(round).len() == 24));
        assert!((1..4).all(|round| moved(round).is_disjoint(&moved(round - 1))));
        assert_eq!(transitions(&tasks, 0, 3).len(), 24 * STATUSES.len());
    }

    #[test]
    fn four_fifths_of_the_mix_are_reads() {
        let mix = mixed(&world());
        let reads = mix.iter().filter(|request| request.method == "GET").count();
        assert_eq!((reads, mix.len()), (8_000, 10_000));
    }
}
