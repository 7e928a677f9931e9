//! What every [`Cache`] does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use tenon_application::ports::Cache;

use crate::timing::eventually;

const MINUTE: Duration = Duration::from_secs(60);

pub async fn finds_what_was_put(cache: Arc<dyn Cache>) {
    assert_eq!(cache.get("a").await, None);
    cache.put("a", "1", MINUTE).await;
    assert_eq!(cache.get("a").await.as_deref(), Some("1"));
    cache.put("a", "2: with a colon", MINUTE).await;
    assert_eq!(cache.get("a").await.as_deref(), Some("2: with a colon"));
    assert_eq!(cache.get("b").await, None);
}

pub async fn forgets_when_the_time_is_over(cache: Arc<dyn Cache>) {
    let short = Duration::from_millis(150);
    cache.put("put", "1", short).await;
    cache.put_if_absent("read", "1", short).await;
    cache.put("updated", "1", MINUTE).await;
    cache.put("updated", "2", short).await;
    assert!(cache.get("put").await.is_some() && cache.get("read").await.is_some());
    tokio::time::sleep(short * 2).await;
    for key in ["put", "read", "updated"] {
        assert_eq!(cache.get(key).await, None, "{key}");
    }
    cache.put_if_absent("put", "3", MINUTE).await;
    assert_eq!(cache.get("put").await.as_deref(), Some("3"));
}

pub async fn a_reader_never_overrules_a_change(cache: Arc<dyn Cache>) {
    cache.put_if_absent("a", "read", MINUTE).await;
    assert_eq!(cache.get("a").await.as_deref(), Some("read"));
    cache.put("a", "changed", MINUTE).await;
    cache.put_if_absent("a", "read", MINUTE).await;
    assert_eq!(cache.get("a").await.as_deref(), Some("changed"));
    for n in 0..300 {
        let key = format!("race:{n}");
        let (reader, writer) = (Arc::clone(&cache), Arc::clone(&cache));
        let (read, written) = (key.clone(), key.clone());
        let reading = tokio::spawn(async move { reader.put_if_absent(&read, "read", MINUTE).await });
        let writing = tokio::spawn(async move { writer.put(&written, "changed", MINUTE).await });
        reading.await.unwrap();
        writing.await.unwrap();
        assert_eq!(cache.get(&key).await.as_deref(), Some("changed"), "{key}");
    }
}

/// Two instances on one shared store.
pub async fn every_instance_sees_a_change(here: Arc<dyn Cache>, there: Arc<dyn Cache>) {
    for n in 0..200 {
        let value = n.to_string();
        here.put("a", &value, MINUTE).await;
        // Whoever made the change sees it at once.
        assert_eq!(here.get("a").await, Some(value.as_str().into()));
        let seen = async || there.get("a").await.as_deref() == Some(value.as_str());
        eventually("the other instance sees the change", Duration::from_millis(500), seen).await;
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
        let new = async || there.get(&key).await.as_deref() == Some("new");
        eventually("the new value is seen", Duration::from_millis(500), new).await;
        for _ in 0..5 {
            assert_eq!(there.get(&key).await.as_deref(), Some("new"));
        }
    }
}
