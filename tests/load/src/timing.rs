//! Whether the time of an answer tells what the answer does not: two kinds of requests that are answered alike, in turn.

use std::net::Ipv4Addr;
use std::time::Instant;

use serde_json::json;
use tenon_e2e_tests::Api;
use uuid::Uuid;

use crate::Outcome;
use crate::fill::{OWNER, PASSWORD};
use crate::measurement::Measurement;
use crate::open_loop::of_latencies;
use crate::report::Row;
use crate::run::Bench;
use crate::scenario::Scenario;
use crate::statistics::ratio;

/// Of each kind. Fewer than the failed sign-ins that lock an account.
const SAMPLES: u8 = 80;
/// How far the medians may be apart.
const TOLERANCE: f64 = 0.1;

/// What is asked, of what is there and of what is not.
#[derive(Clone, Copy)]
enum Question {
    Login,
    ForgotPassword,
    Task,
}

impl Question {
    const ALL: [Self; 3] = [Self::Login, Self::ForgotPassword, Self::Task];

    const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::ForgotPassword => "forgot-password",
            Self::Task => "task",
        }
    }
}

/// One row for each question: what is there, beside what is not.
pub(crate) async fn measure(bench: &Bench<'_>) -> Outcome<Vec<Row>> {
    let token = bench.api.sign_in(OWNER).await?;
    let api = Api::new(&format!("http://{}", bench.server.address)).with_token(&token);
    let mut rows = Vec::new();
    for question in Question::ALL {
        let (mut there, mut not_there) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        for number in 0..SAMPLES {
            // Nobody makes more than one mistake from an address, so nobody has to wait for theirs.
            let stranger = api.without_token().from_address(Ipv4Addr::new(127, 0, 9, number + 1).into());
            for (exists, latencies) in [(true, &mut there), (false, &mut not_there)] {
                let client = if matches!(question, Question::Task) { &api } else { &stranger };
                // The connection is not what is measured.
                client.get("//health").attempt().await?;
                latencies.push(timed(client, question, exists, number, bench).await?);
            }
        }
        let [there, not_there] = [there, not_there].map(|latencies| of_latencies(latencies, begun.elapsed()));
        rows.push(row(bench, question, there, not_there));
    }
    bench.settle().await?;
    Ok(rows)
}

/// How long the answer took, in milliseconds.
async fn timed(client: &Api, question: Question, exists: bool, number: u8, bench: &Bench<'_>) -> Outcome<f64> {
    let nobody = format!("nobody-{number}@load.example");
    let email = if exists { OWNER } else { nobody.as_str() };
    let tasks = &bench.world.neighbor_tasks;
    let task = if exists { tasks[usize::from(number) % tasks.len()].to_string() } else { Uuid::now_v7().to_string() };
    let (call, expected) = match question {
        Question::Login => {
            let body = json!({"email": email, "password": format!("not {PASSWORD}")});
            (client.post("/auth/login", body), 401)
        }
        Question::ForgotPassword => (client.post("/auth/forgot-password", json!({"email": email})), 202),
        Question::Task => (client.get(format!("/tasks/{task}")), 404),
    };
    let begun = Instant::now();
    let answer = call.attempt().await?;
    let latency = begun.elapsed().as_secs_f64() * 1e3;
    if answer.status != expected {
        return Err(format!("{}: {} {}", question.name(), answer.status, answer.text).into());
    }
    Ok(latency)
}

fn row(bench: &Bench<'_>, question: Question, there: Measurement, not_there: Measurement) -> Row {
    let apart = ratio(there.p50_ms, not_there.p50_ms);
    let name = format!("{} {}", Scenario::Timing.name(), question.name());
    eprintln!("  {name}: medians {:.3} ms and {:.3} ms", there.p50_ms, not_there.p50_ms);
    Row {
        ratio: apart,
        target: Some(format!("p50 within {:.0}% of {:.2} ms", TOLERANCE * 100.0, not_there.p50_ms)),
        met: Some(apart.is_some_and(|apart| (apart - 1.0).abs() <= TOLERANCE)),
        reference: Some(not_there),
        ..Row::alone(bench.setup.place.deployment, name, there)
    }
}
