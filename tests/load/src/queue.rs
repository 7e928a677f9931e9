//! What the queue of jobs holds, in apalis's layout: lists and sets in Redis, or a table in a SQLite file of its own.

use crate::Outcome;
use crate::database::{Place, connect, number};
use crate::flatness::Expected;

/// Finished jobs are kept for ten minutes in SQLite, and forgotten every five: what is older by one more was forgotten
/// by nobody. In Redis all of them are forgotten every five minutes.
const OVERDUE_SECONDS: u64 = 960;

/// A figure, and how it should be over time.
type Sample = (&'static str, Expected, f64);

/// Looks into the queue, and at the other keys where it is in Redis.
pub(crate) async fn sample(place: &Place) -> Outcome<Vec<Sample>> {
    if place.deployment.worker_apart() { in_redis(place).await } else { in_file(place).await }
}

async fn in_file(place: &Place) -> Outcome<Vec<Sample>> {
    let file = connect(&format!("sqlite://{}", place.data_dir().join("queue.db").display())).await?;
    let count = |which: &str| format!("SELECT COUNT(*) FROM Jobs WHERE {which}");
    let finished = "status IN ('Done', 'Failed', 'Killed')";
    let overdue = format!("{finished} AND done_at < CAST(strftime('%s', 'now') AS INTEGER) - {OVERDUE_SECONDS}");
    let unfinished = number(&file, &count("status IN ('Pending', 'Queued', 'Running')")).await?;
    let overdue = number(&file, &count(&overdue)).await?;
    let finished = number(&file, &count(finished)).await?;
    file.close().await?;
    Ok(vec![
        ("jobs not finished", Expected::flat(1.5, 50.0), unfinished as f64),
        ("finished jobs overdue", Expected::flat(1.0, 0.0), overdue as f64),
        ("finished jobs kept", Expected::Any, finished as f64),
    ])
}

async fn in_redis(place: &Place) -> Outcome<Vec<Sample>> {
    let mut redis = place.redis().await?;
    let key = |name: &str| format!("{}:jobs:{name}", place.name);
    let mut look = redis::pipe();
    // All at one moment, or a job on its way would be missed or seen twice.
    look.atomic().cmd("LLEN").arg(key("active")).cmd("ZCARD").arg(key("scheduled"));
    look.cmd("HLEN").arg(key("data")).cmd("SCARD").arg(key("done")).cmd("SCARD").arg(key("dead"));
    look.cmd("INFO").arg("keyspace");
    let (active, scheduled, stored, done, dead, info): (i64, i64, i64, i64, i64, String) =
        look.query_async(&mut redis).await?;
    let (keys, expiring) = keyspace(&info);
    Ok(vec![
        ("jobs waiting", Expected::flat(1.5, 50.0), (active + scheduled) as f64),
        // The others: waiting, under way, or forgotten by everybody.
        ("jobs not finished", Expected::flat(1.5, 50.0), (stored - done - dead) as f64),
        ("finished jobs kept", Expected::Cleared, (done + dead) as f64),
        ("keys in Redis that expire", Expected::Any, expiring as f64),
        // Each stored job has one more key of its own.
        ("keys in Redis that stay, without jobs", Expected::flat(1.0, 50.0), (keys - expiring - stored) as f64),
    ])
}

/// How many keys there are, and how many of them expire, in all databases of the server.
fn keyspace(info: &str) -> (i64, i64) {
    let sum = |name: &str| {
        let fields = info.split([':', ',', '\r', '\n']);
        fields.filter_map(|field| field.strip_prefix(name)?.parse::<i64>().ok()).sum::<i64>()
    };
    (sum("keys="), sum("expires="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_all_databases_are_counted() {
        let info = "# Keyspace\r\ndb0:keys=12,expires=3,avg_ttl=1000,subexpiry=0\r\ndb1:keys=5,expires=5,avg_ttl=7\r\n";
        assert_eq!(keyspace(info), (17, 8));
        assert_eq!(keyspace("# Keyspace\r\n"), (0, 0));
    }
}
