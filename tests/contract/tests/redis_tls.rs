//! Redis with TLS: only a server is spoken to that somebody vouches for who is believed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use tenon_application::ports::{Cache, HealthCheck, JobQueue};
use tenon_contract_tests::cache::value;
use tenon_contract_tests::severable_redis::fresh_prefix;
use tenon_contract_tests::timing::eventually;
use tenon_infrastructure::cache::RedisCache;
use tenon_infrastructure::queue::{QueueSettings, RedisQueue};
use tenon_infrastructure::redis_link::{RedisHealth, RedisLink, RedisLinkError, RedisServer};

const SOON: Duration = Duration::from_secs(10);

/// An authority, which signs certificates for `localhost`.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn found(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { params, key, pem }
    }

    /// A certificate and its key, in PEM.
    fn sign(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// A Redis that speaks TLS and nothing else. It ends with the test.
struct TlsRedis {
    port: u16,
    directory: TempDir,
    child: Child,
}

impl TlsRedis {
    fn start(authority: &Authority) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (certificate, key) = authority.sign();
        fs::write(directory.path().join("redis.pem"), certificate).unwrap();
        fs::write(directory.path().join("redis.key"), key).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap().port();
        let child = Command::new("redis-server")
            .args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "-::1"])
            .args(["--tls-cert-file", "redis.pem", "--tls-key-file", "redis.key", "--tls-auth-clients", "no"])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server, on the PATH");
        let mut redis = Self { port, directory, child };
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Ok(Some(status)) = redis.child.try_wait() {
                panic!("redis-server ended at once: {status}. Was it built with TLS?");
            }
            assert!(start.elapsed() < Duration::from_secs(60), "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        redis
    }

    fn url(&self, host: &str) -> String {
        format!("rediss://{host}:{}", self.port)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The server as a process knows it that believes this authority.
    fn trusting(&self, host: &str, authority: &Authority) -> RedisServer {
        RedisServer::from(&self.url(host)).trusting(&self.file("authority.pem", &authority.pem)).unwrap()
    }
}

impl Drop for TlsRedis {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_spoken_to_that_a_named_authority_vouches_for() {
    let authority = Authority::found("Ours");
    let redis = TlsRedis::start(&authority);
    let server = redis.trusting("localhost", &authority);
    let health = RedisHealth::new(RedisLink::open(server.clone()).unwrap());
    eventually("it answers", SOON, async || health.check().await.is_ok()).await;

    let prefix = fresh_prefix();
    let cache = || Arc::new(RedisCache::new(RedisLink::open(server.clone()).unwrap(), &prefix)) as Arc<dyn Cache>;
    let (here, there) = (cache(), cache());
    eventually("what one writes the other reads", SOON, async || {
        here.put("a", "1", SOON).await;
        value(&there, "a").await.as_deref() == Some("1")
    })
    .await;
    let queue = RedisQueue::new(server, QueueSettings::new("tls")).unwrap();
    assert_eq!(queue.depth().await, Ok(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_not_spoken_to_that_nobody_vouches_for() {
    let (authority, another) = (Authority::found("Ours"), Authority::found("Another"));
    let redis = TlsRedis::start(&authority);
    let health = |server: RedisServer| RedisHealth::new(RedisLink::open(server).unwrap());
    let known = health(redis.trusting("localhost", &authority));
    eventually("it answers", SOON, async || known.check().await.is_ok()).await;

    for (why, server) in [
        ("the machine does not know its authority", RedisServer::from(&redis.url("localhost"))),
        ("another authority signs nothing of it", redis.trusting("localhost", &another)),
        ("the certificate is for another host", redis.trusting("127.0.0.1", &authority)),
        ("it speaks nothing but TLS", RedisServer::from(&redis.url("localhost").replace("rediss:", "redis:"))),
    ] {
        let unbelieved = health(server.clone());
        for _ in 0..3 {
            assert!(unbelieved.check().await.is_err(), "{why}");
        }
        let queue = RedisQueue::new(server, QueueSettings::new("tls")).unwrap();
        assert!(queue.depth().await.is_err(), "{why}");
    }
    assert!(known.check().await.is_ok());
}

#[tokio::test]
async fn a_file_without_authorities_is_said_at_once() {
    let authority = Authority::found("Ours");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("authority.pem");
    let read = || RedisServer::from("rediss://localhost").trusting(&path).map(drop).map_err(|error| error.to_string());
    assert!(read().unwrap_err().contains("authority.pem"), "there is no such file");
    for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"] {
        fs::write(&path, text).unwrap();
        assert!(read().unwrap_err().contains("authority.pem"), "{text:?}");
    }
    fs::write(&path, authority.pem.repeat(2)).unwrap();
    assert_eq!(read(), Ok(()), "more than one");
    let without_tls = RedisServer::from("redis://localhost").trusting(&path).unwrap();
    assert!(matches!(RedisLink::open(without_tls), Err(RedisLinkError::Redis(_))));
}
