use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::outbound::OutboundPolicy;

fn known(announced: &[&str]) -> Known {
    let id_token_signing_alg_values_supported = announced.iter().map(|name| (*name).to_owned()).collect();
    let metadata = Metadata { id_token_signing_alg_values_supported, ..Metadata::default() };
    Known { metadata, keys: Vec::new(), fetched: Instant::now() }
}

/// A provider with so many keys. It counts what it is asked, and answers the first two requests only: one for what it
/// says about itself, and one for its keys.
async fn provider(keys: usize) -> (Issuer, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok_and(|bytes| bytes > 0)
                && counted.fetch_add(1, Ordering::SeqCst) < 2
            {
                let body = document(address, &request, keys);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = connection.write_all(format!("{head}{body}").as_bytes()).await;
            } else {
                silent.push(connection);
            }
        }
    });
    (Issuer::parse(&format!("http://{address}")).unwrap(), asked)
}

fn document(address: SocketAddr, request: &[u8], keys: usize) -> String {
    let root = format!("http://{address}");
    if request.starts_with(b"GET /keys") {
        // The public key of RFC 8037, appendix A.2.
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        return json!({"keys": vec![key; keys]}).to_string();
    }
    let (authorization, token, keys) = (format!("{root}/auth"), format!("{root}/token"), format!("{root}/keys"));
    json!({"issuer": root, "authorization_endpoint": authorization, "token_endpoint": token, "jwks_uri": keys})
        .to_string()
}

fn directory() -> Directory {
    Directory::new(OutboundHttp::new(OutboundPolicy::Anywhere).unwrap())
}

/// So much later.
async fn later(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

#[test]
fn only_signatures_with_private_keys_are_taken() {
    let names = ["none", "HS256", "EdDSA", "ES256", "RS256", "XS999", "rs256", ""];
    let taken = |announced: &[&str]| -> Vec<_> {
        let known = known(announced);
        names.into_iter().filter(|name| known.algorithm(name).is_some()).collect()
    };
    assert_eq!(taken(&[]), ["RS256"]);
    assert_eq!(taken(&["none", "HS256", "EdDSA", "ES256", "XS999"]), ["EdDSA", "ES256"]);
    assert!(taken(&["none", "HS256"]).is_empty());
}

#[tokio::test]
async fn nobody_waits_for_a_provider_that_hangs_as_long_as_it_is_known() {
    let (issuer, asked) = provider(1).await;
    let directory = directory();
    let first = directory.find(&issuer).await.unwrap();
    later(FRESH).await;
    for _ in 0..3 {
        // It has not answered by then, so this is what it said before.
        let again = directory.find(&issuer).await.unwrap();
        assert_eq!((&again.metadata.issuer, again.keys.len()), (&first.metadata.issuer, 1));
    }
    tokio::time::timeout(Duration::from_secs(10), async {
        while asked.load(Ordering::SeqCst) < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("it is asked all the same");
    assert_eq!(directory.find(&issuer).await.unwrap().keys.len(), 1);
}

#[tokio::test]
async fn a_provider_is_not_asked_again_at_once_because_its_keys_do_not_fit() {
    let (issuer, asked) = provider(1).await;
    let directory = directory();
    let first = directory.find(&issuer).await.unwrap();
    let again = directory.find_again(&issuer, &first).await.unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_a_provider_publishes_is_bounded() {
    let (many, _) = provider(MAX_KEYS + 1).await;
    assert_eq!(directory().find(&many).await.unwrap().keys.len(), MAX_KEYS);
    let (too_many, _) = provider(1_000).await;
    assert!(matches!(directory().find(&too_many).await, Err(OidcFailure::Away(why)) if why.contains("65536")));
}
