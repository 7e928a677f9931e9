//! What every [`Cache`] does.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenon_application::ports::{Cache, Lookup, Ticket};

use crate::timing::eventually;

const MINUTE: Duration = Duration::from_secs(60);

/// The value of a key, if there is one.
pub async fn value(cache: &Arc<dyn Cache>, key: &str) -> Option<String> {
    cache.get(key).await.found().map(|value| value.to_string())
}

/// The ticket of a key that has no value.
async fn ticket(cache: &Arc<dyn Cache>, key: &str) -> Ticket {
    match cache.get(key).await {
        Lookup::Missing(ticket) => ticket,
        Lookup::Found(value) => panic!("{key} is {value}"),
    }
}

async fn read(cache: &Arc<dyn Cache>, key: &str, found: &str, time_to_live: Duration) {
    cache.fill(key, ticket(cache, key).await, found, time_to_live).await;
}

pub async fn finds_what_was_put(cache: Arc<dyn Cache>) {
    assert_eq!(value(&cache, "a").await, None);
    cache.put("a", "1", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("1"));
    cache.put("a", "2: with a colon", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("2: with a colon"));
    assert_eq!(value(&cache, "b").await, None);
    for text in ["", "with\na line", "日本"] {
        read(&cache, text, text, MINUTE).await;
        assert_eq!(value(&cache, text).await.as_deref(), Some(text));
    }
}

pub async fn forgets_when_the_time_is_over(cache: Arc<dyn Cache>) {
    let short = Duration::from_millis(150);
    cache.put("put", "1", short).await;
    read(&cache, "read", "1", short).await;
    cache.put("updated", "1", MINUTE).await;
    cache.put("updated", "2", short).await;
    assert!(value(&cache, "put").await.is_some() && value(&cache, "read").await.is_some());
    tokio::time::sleep(short * 2).await;
    for key in ["put", "read", "updated"] {
        assert_eq!(value(&cache, key).await, None, "{key}");
    }
    read(&cache, "put", "3", MINUTE).await;
    assert_eq!(value(&cache, "put").await.as_deref(), Some("3"));
}

pub async fn a_reader_never_overrules_a_change(cache: Arc<dyn Cache>) {
    let early = ticket(&cache, "a").await;
    cache.fill("a", early, "read", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("read"));
    cache.put("a", "changed", MINUTE).await;
    cache.fill("a", early, "read", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("changed"));
    for n in 0..300 {
        let key = format!("race:{n}");
        let early = ticket(&cache, &key).await;
        let (reader, writer) = (Arc::clone(&cache), Arc::clone(&cache));
        let (read, written) = (key.clone(), key.clone());
        let reading = tokio::spawn(async move { reader.fill(&read, early, "read", MINUTE).await });
        let writing = tokio::spawn(async move { writer.put(&written, "changed", MINUTE).await });
        reading.await.unwrap();
        writing.await.unwrap();
        assert_eq!(value(&cache, &key).await.as_deref(), Some("changed"), "{key}");
    }
}

/// Who looked before an invalidation may have read what it is about.
pub async fn a_reader_who_looked_before_an_invalidation_is_refused(cache: Arc<dyn Cache>) {
    let key = || vec!["a".to_owned()];
    let early = ticket(&cache, "a").await;
    cache.invalidate(&key()).await;
    cache.fill("a", early, "old", MINUTE).await;
    let late = ticket(&cache, "a").await;
    assert_ne!(late, early, "so that nobody shares the answer to a question from before");
    cache.fill("a", late, "new", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("new"));
    for _ in 0..3 {
        cache.invalidate(&key()).await;
        assert_eq!(value(&cache, "a").await, None);
        cache.fill("a", late, "old", MINUTE).await;
        assert_eq!(value(&cache, "a").await, None, "a ticket is good until the next invalidation");
    }
    // What was invalidated twice in a row has two tickets, however fast that was.
    for _ in 0..100 {
        let before = ticket(&cache, "a").await;
        cache.invalidate(&key()).await;
        assert_ne!(ticket(&cache, "a").await, before);
    }
    read(&cache, "a", "at last", MINUTE).await;
    cache.put("a", "put", MINUTE).await;
    assert_eq!(value(&cache, "a").await.as_deref(), Some("put"));
    cache.invalidate(&key()).await;
    assert_eq!(value(&cache, "a").await, None);
}

pub async fn many_keys_are_invalidated_at_once(cache: Arc<dyn Cache>) {
    let keys: Vec<String> = (0..1200).map(|n| format!("key:{n}")).collect();
    for key in &keys {
        read(&cache, key, "old", MINUTE).await;
    }
    read(&cache, "other", "kept", MINUTE).await;
    cache.invalidate(&keys).await;
    for key in &keys {
        assert_eq!(value(&cache, key).await, None, "{key}");
    }
    assert_eq!(value(&cache, "other").await.as_deref(), Some("kept"));
    cache.invalidate(&[]).await;
    assert_eq!(value(&cache, "other").await.as_deref(), Some("kept"));
}

/// Readers that load while it changes: whatever is kept in the end was true at the end.
pub async fn racing_readers_keep_nothing_old(cache: Arc<dyn Cache>) {
    for round in 0..100 {
        let key = format!("key:{round}");
        let truth = Arc::new(AtomicU64::new(0));
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let (cache, key, truth) = (Arc::clone(&cache), key.clone(), Arc::clone(&truth));
                tokio::spawn(async move {
                    for _ in 0..10 {
                        if let Lookup::Missing(ticket) = cache.get(&key).await {
                            let found = truth.load(Ordering::SeqCst).to_string();
                            tokio::task::yield_now().await;
                            cache.fill(&key, ticket, &found, MINUTE).await;
                        }
                    }
                })
            })
            .collect();
        for _ in 0..5 {
            truth.fetch_add(1, Ordering::SeqCst);
            cache.invalidate(std::slice::from_ref(&key)).await;
            tokio::task::yield_now().await;
        }
        for reader in readers {
            reader.await.unwrap();
        }
        let kept = value(&cache, &key).await;
        assert!(kept.as_deref().is_none_or(|kept| kept == "5"), "{key}: {kept:?}");
    }
}

/// Two instances on one shared store.
pub async fn every_instance_sees_a_change(here: Arc<dyn Cache>, there: Arc<dyn Cache>) {
    for n in 0..200 {
        let value = n.to_string();
        here.put("a", &value, MINUTE).await;
        // Whoever made the change sees it at once.
        assert_eq!(self::value(&here, "a").await.as_deref(), Some(value.as_str()));
        let seen = async || self::value(&there, "a").await.as_deref() == Some(value.as_str());
        eventually("the other instance sees the change", Duration::from_millis(500), seen).await;
    }
}

/// Two instances on one shared store.
pub async fn every_instance_forgets_what_was_invalidated(here: Arc<dyn Cache>, there: Arc<dyn Cache>) {
    let keys = ["a".to_owned(), "b".to_owned()];
    for round in 0..100 {
        let found = round.to_string();
        for key in &keys {
            read(&here, key, &found, MINUTE).await;
            assert_eq!(value(&there, key).await.as_deref(), Some(found.as_str()));
        }
        here.invalidate(&keys).await;
        for key in &keys {
            assert_eq!(value(&here, key).await, None);
            eventually("the other instance forgets", Duration::from_millis(500), async || {
                value(&there, key).await.is_none()
            })
            .await;
        }
    }
}

/// Readers that load the old value while it changes must not keep it.
pub async fn old_values_are_not_kept(here: Arc<dyn Cache>, there: Arc<dyn Cache>) {
    for round in 0..100 {
        let key = format!("key:{round}");
        here.put(&key, "old", MINUTE).await;
        let readers: Vec<_> = (0..8)
            .map(|_| {
                let (there, key) = (Arc::clone(&there), key.clone());
                tokio::spawn(async move {
                    for _ in 0..20 {
                        there.get(&key).await;
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        here.put(&key, "new", MINUTE).await;
        for reader in readers {
            reader.await.unwrap();
        }
        let new = async || value(&there, &key).await.as_deref() == Some("new");
        eventually("the new value is seen", Duration::from_millis(500), new).await;
        for _ in 0..5 {
            assert_eq!(value(&there, &key).await.as_deref(), Some("new"));
        }
    }
}
