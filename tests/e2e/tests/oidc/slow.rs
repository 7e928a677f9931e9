use std::time::Duration;

use serde_json::json;
use tenon_e2e_tests::{Issuer, Person, Server, text};
use tokio::time::{sleep, timeout};

use crate::Stage;
use crate::browser::Browser;

/// More than may wait for all providers together.
const MANY: usize = 80;

/// Its people wait, or are told that there is no room; those of others sign in meanwhile.
pub(crate) async fn an_organization_whose_provider_hangs_stops_nobody_else(server: Server) {
    let stage = Stage::new(&server).await;
    stage.know("grace", "grace@example.com", &[]).await;
    stage.know("owner", &stage.owner.email, &[]).await;
    stage.server.verify_email(&stage.owner.email).await;
    let (eve, silent) = (Person::found(&stage.server).await, Issuer::start(&[]).await);
    silent.hang();
    stage.prove(&eve, "slow.example").await;
    let fields = json!({
        "name": "Slow", "issuer": silent.url, "client_id": "tenon", "domains": ["slow.example"],
    });
    let slow = text(&eve.api.post("/identity-providers", fields).await.expect(201), "id");
    let waiting: Vec<_> = (0..MANY)
        .map(|_| {
            let (mut browser, slow) = (Browser::open(&stage.server), slow.clone());
            tokio::spawn(async move { browser.start(&slow).await })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;

    let others = async {
        stage.sign_in(&stage.provider, "grace").await;
        stage.sign_in("corp", "owner").await;
    };
    timeout(Duration::from_secs(8), others).await.expect("nobody else waits for it");
    let mut refusals = Vec::new();
    for one in waiting {
        let location = one.await.expect("an answer");
        refusals.push(location.split_once("#error=").expect("a refusal").1.to_owned());
    }
    let away = refusals.iter().filter(|refusal| *refusal == "auth.oidc_away").count();
    assert!((1..MANY / 2).contains(&away), "{away} were let in to wait");
    assert!(refusals.iter().all(|refusal| ["auth.oidc_away", "unavailable"].contains(&refusal.as_str())));
}
