//! The cache, in process and in Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use tenon_application::ports::{Cache, HealthCheck, Lookup};
use tenon_contract_tests::cache::{self as contract, value};
use tenon_contract_tests::severable_redis::{Line, SeverableRedis, fresh_prefix, redis_url};
use tenon_contract_tests::timing::eventually;
use tenon_infrastructure::cache::{InProcessCache, RedisCache};
use tenon_infrastructure::redis_link::{RedisHealth, RedisLink};

const MINUTE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);

fn redis(url: &str, prefix: &str) -> Arc<dyn Cache> {
    Arc::new(RedisCache::new(RedisLink::open(url).unwrap(), prefix))
}

macro_rules! on_every_adapter {
    ($($name:ident),+ $(,)?) => {
        mod in_process {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                contract::$name(Arc::new(InProcessCache::default())).await;
            })+
        }

        mod in_redis {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                contract::$name(redis(&redis_url(), &fresh_prefix())).await;
            })+
        }
    };
}

on_every_adapter!(
    finds_what_was_put,
    forgets_when_the_time_is_over,
    a_reader_never_overrules_a_change,
    a_reader_who_looked_before_an_invalidation_is_refused,
    many_keys_are_invalidated_at_once,
    racing_readers_keep_nothing_old,
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_sees_a_change() {
    let prefix = fresh_prefix();
    contract::every_instance_sees_a_change(redis(&redis_url(), &prefix), redis(&redis_url(), &prefix)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_forgets_what_was_invalidated() {
    let prefix = fresh_prefix();
    let (here, there) = (redis(&redis_url(), &prefix), redis(&redis_url(), &prefix));
    contract::every_instance_forgets_what_was_invalidated(here, there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_values_are_not_kept() {
    let prefix = fresh_prefix();
    contract::old_values_are_not_kept(redis(&redis_url(), &prefix), redis(&redis_url(), &prefix)).await;
}

#[tokio::test]
async fn prefixes_keep_deployments_apart() {
    let (one, other) = (redis(&redis_url(), &fresh_prefix()), redis(&redis_url(), &fresh_prefix()));
    one.put("a", "1", MINUTE).await;
    assert_eq!(value(&other, "a").await, None);
}

/// An instance whose Redis can be taken away, beside one whose Redis cannot.
async fn severable_pair(line: Line) -> (SeverableRedis, Arc<dyn Cache>, Arc<dyn Cache>) {
    let (severable, prefix) = (SeverableRedis::start(line).await, fresh_prefix());
    let (here, there) = (redis(&severable.url(), &prefix), redis(&redis_url(), &prefix));
    (severable, here, there)
}

#[tokio::test]
async fn a_write_made_while_redis_is_away_is_made_up_for() {
    let slow = Line::Slow(Duration::from_millis(30));
    for (away, back) in [(Line::Cut, Line::Whole), (Line::Frozen, Line::Whole), (Line::Cut, slow)] {
        let (severable, here, there) = severable_pair(Line::Whole).await;
        here.put("session", "live", MINUTE).await;
        assert_eq!(value(&there, "session").await.as_deref(), Some("live"));
        severable.set(away);
        here.put("session", "ended", MINUTE).await;
        assert_eq!(value(&here, "session").await.as_deref(), Some("ended"), "{away:?}");
        assert_eq!(value(&there, "session").await.as_deref(), Some("live"), "{away:?}");
        severable.set(back);
        let seen = async || value(&there, "session").await.as_deref() == Some("ended");
        eventually("the write arrives", SOON, seen).await;
    }
}

#[tokio::test]
async fn a_write_that_comes_late_does_not_overrule_a_later_one() {
    for line in [Line::Whole, Line::Slow(Duration::from_millis(30))] {
        let (severable, here, there) = severable_pair(Line::Whole).await;
        here.put("session", "created", MINUTE).await;
        severable.set(Line::Cut);
        here.put("session", "live", MINUTE).await;
        there.put("session", "ended", MINUTE).await;
        severable.set(line);
        let settled = async || value(&here, "session").await.as_deref() == Some("ended");
        eventually("the later write is seen", SOON, settled).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(value(&there, "session").await.as_deref(), Some("ended"), "{line:?}");
        assert_eq!(value(&here, "session").await.as_deref(), Some("ended"), "{line:?}");
    }
}

#[tokio::test]
async fn an_invalidation_made_while_redis_is_away_is_made_up_for() {
    for away in [Line::Cut, Line::Frozen] {
        let (severable, here, there) = severable_pair(Line::Whole).await;
        let key = ["task".to_owned()];
        let Lookup::Missing(early) = there.get("task").await else { panic!("nothing was put yet") };
        there.fill("task", early, "old", MINUTE).await;
        assert_eq!(value(&here, "task").await.as_deref(), Some("old"));
        severable.set(away);
        here.invalidate(&key).await;
        let Lookup::Missing(blind) = here.get("task").await else { panic!("{away:?}: it was invalidated") };
        assert!(blind.is_blind(), "{away:?}");
        here.invalidate(&key).await;
        assert_ne!(here.get("task").await, Lookup::Missing(blind), "{away:?}: readers from before are told apart");
        here.fill("task", blind, "old", MINUTE).await;
        assert_eq!(value(&here, "task").await, None, "{away:?}");
        severable.set(Line::Whole);
        eventually("the invalidation arrives", SOON, async || value(&there, "task").await.is_none()).await;
        there.fill("task", early, "old", MINUTE).await;
        assert_eq!(value(&there, "task").await, None, "{away:?}: a reader from before is refused");
        eventually("it can be filled again", SOON, async || {
            let Lookup::Missing(ticket) = here.get("task").await else { return true };
            here.fill("task", ticket, "new", MINUTE).await;
            false
        })
        .await;
        assert_eq!(value(&there, "task").await.as_deref(), Some("new"));
    }
}

#[tokio::test]
async fn when_too_much_changed_while_redis_was_away_nothing_in_it_is_believed() {
    let severable = SeverableRedis::start(Line::Whole).await;
    let prefix = fresh_prefix();
    let link = RedisLink::open(&severable.url()).unwrap();
    let here: Arc<dyn Cache> = Arc::new(RedisCache::holding_back(link, &prefix, 10));
    let there = redis(&redis_url(), &prefix);
    let keys: Vec<String> = (0..25).map(|n| format!("task:{n}")).collect();
    for key in &keys {
        let Lookup::Missing(ticket) = there.get(key).await else { panic!("nothing was put yet") };
        there.fill(key, ticket, "old", MINUTE).await;
        assert_eq!(value(&here, key).await.as_deref(), Some("old"));
    }
    severable.set(Line::Cut);
    here.invalidate(&keys).await;
    for key in &keys {
        assert_eq!(value(&here, key).await, None, "{key}");
    }
    severable.set(Line::Whole);
    for key in &keys {
        assert_eq!(value(&here, key).await, None, "{key}");
        eventually("all is invalidated", SOON, async || value(&there, key).await.is_none()).await;
    }
    eventually("it can be filled again", SOON, async || {
        let Lookup::Missing(ticket) = here.get("task:0").await else { return true };
        here.fill("task:0", ticket, "new", MINUTE).await;
        false
    })
    .await;
}

#[tokio::test]
async fn the_near_cache_is_not_trusted_while_changes_cannot_be_heard_of() {
    let (severable, here, there) = severable_pair(Line::Whole).await;
    there.put("role", "owner", MINUTE).await;
    for _ in 0..20 {
        // Long enough for the subscription to come up and the near cache to be used.
        assert_eq!(value(&here, "role").await.as_deref(), Some("owner"));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    severable.set(Line::Cut);
    eventually("the near cache is bypassed", SOON, async || value(&here, "role").await.is_none()).await;
    there.put("role", "guest", MINUTE).await;
    severable.set(Line::Whole);
    eventually("the change is seen", SOON, async || {
        let role = value(&here, "role").await;
        assert_ne!(role.as_deref(), Some("owner"));
        role.is_some()
    })
    .await;
}

#[tokio::test]
async fn nobody_waits_for_a_redis_that_does_not_answer() {
    let (severable, here, _) = severable_pair(Line::Whole).await;
    here.put("a", "1", MINUTE).await;
    severable.set(Line::Frozen);
    let start = Instant::now();
    for n in 0..20 {
        assert_eq!(value(&here, &format!("other:{n}")).await, None);
    }
    // Twenty deadlines would be five seconds: after a failed call the link rests.
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    severable.set(Line::Whole);
    eventually("it answers again", SOON, async || value(&here, "a").await.is_some()).await;
}

#[tokio::test]
async fn a_process_starts_while_redis_is_away() {
    let (severable, here, there) = severable_pair(Line::Cut).await;
    let health = RedisHealth::new(RedisLink::open(&severable.url()).unwrap());
    assert!(health.check().await.is_err());
    assert_eq!(value(&here, "a").await, None);
    here.put("a", "1", MINUTE).await;
    assert_eq!(value(&here, "a").await.as_deref(), Some("1"));
    severable.set(Line::Whole);
    eventually("the write arrives", SOON, async || value(&there, "a").await.as_deref() == Some("1")).await;
    eventually("it is healthy", SOON, async || health.check().await.is_ok()).await;
}

#[tokio::test]
async fn a_malformed_url_is_refused() {
    assert!(RedisLink::open("http://example.com").is_err());
    assert!(RedisLink::open("nonsense").is_err());
}
