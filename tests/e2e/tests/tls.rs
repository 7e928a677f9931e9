//! Serving with TLS: certificates, their renewal, and what is no TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and read the clock"
)]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Datelike, TimeDelta, Utc};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tenon_e2e_tests::processes::{Process, binary, free_port, run};
use tenon_e2e_tests::{Deployment, Options, Server, eventually, eventually_within, on_own_servers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

on_own_servers!(
    it_is_served_with_tls_and_nothing_else,
    a_renewed_certificate_is_taken_up_and_a_broken_one_is_not,
    the_doctor_and_the_start_say_what_is_wrong_with_a_certificate,
);

const LIMIT: Duration = Duration::from_secs(60);

/// A certificate for `localhost`, and its key.
struct Pair {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key_pem: String,
}

impl Pair {
    fn make() -> Self {
        Self::ending(4000, 1, 1)
    }

    fn ending(year: i32, month: u8, day: u8) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, month, day);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        }
    }
}

/// A deployment that is served with TLS, beside a server without that it shares its stores with.
struct Place {
    beside: Server,
    directory: TempDir,
    port: u16,
}

impl Place {
    async fn with(pair: &Pair, deployment: Deployment) -> Self {
        // The public address is derived from what is spoken.
        let beside = Server::start(deployment, Options::default().without("TENON_PUBLIC_URL")).await;
        let place = Self { beside, directory: tempfile::tempdir().unwrap(), port: free_port() };
        place.put(&pair.certificate_pem, &pair.key_pem);
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn put(&self, certificate: &str, key: &str) {
        fs::write(self.file("tenon.pem"), certificate).unwrap();
        fs::write(self.file("tenon.key"), key).unwrap();
    }

    fn variables(&self) -> Vec<(String, String)> {
        let own = [
            ("TENON_BIND", format!("127.0.0.1:{}", self.port)),
            ("TENON_TLS_CERT", self.file("tenon.pem").display().to_string()),
            ("TENON_TLS_KEY", self.file("tenon.key").display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value));
        self.beside.variables().iter().cloned().chain(own).collect()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// A server that is ready, to a client that trusts this certificate.
    async fn serve(&self, trusted: &Pair) -> Process {
        let mut process = Process::start(&binary("tenon"), &["serve"], &self.variables(), &self.file("log"));
        eventually_within(LIMIT, "a ready server", || {
            if let Some(status) = process.has_ended() {
                panic!("tenon serve ended with {status}: {}", self.log());
            }
            async { self.connect(&[trusted], &[]).await.ok() }
        })
        .await;
        process
    }

    /// A connection of a client that trusts these certificates and speaks these protocols.
    async fn connect(&self, trusted: &[&Pair], protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        for pair in trusted {
            roots.add(pair.certificate.clone()).unwrap();
        }
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let socket = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await
    }
}

/// Asks for `/health`, and answers the head of the answer.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // The body is short and comes with the head.
    while !answer.ends_with(b"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "the connection ended");
    }
    String::from_utf8(answer).unwrap()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

async fn it_is_served_with_tls_and_nothing_else(deployment: Deployment) {
    let pair = Pair::make();
    let place = Place::with(&pair, deployment).await;
    let _process = place.serve(&pair).await;
    let mut stream = place.connect(&[&pair], &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = ask(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.to_lowercase().contains("strict-transport-security"), "{answer}");
    assert!(place.connect(&[&Pair::make()], &[]).await.is_err(), "a client that trusts somebody else");

    let mut plain = TcpStream::connect(("127.0.0.1", place.port)).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // It ends, be it with an alert or without.
    drop(timeout(LIMIT, plain.read_to_end(&mut answer)).await.expect("an end"));
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"), "others go on");
}

async fn a_renewed_certificate_is_taken_up_and_a_broken_one_is_not(deployment: Deployment) {
    let (first, second) = (Pair::make(), Pair::make());
    let place = Place::with(&first, deployment).await;
    let process = place.serve(&first).await;
    let mut open = place.connect(&[&first], &[]).await.unwrap();
    ask(&mut open).await;

    place.put(&second.certificate_pem, &second.key_pem);
    process.hang_up();
    eventually("the new certificate", || async {
        let stream = place.connect(&[&first, &second], &[]).await.ok()?;
        (shown(&stream) == second.certificate).then_some(())
    })
    .await;
    assert!(ask(&mut open).await.starts_with("HTTP/1.1 200"), "who is connected stays so");

    place.put(&first.certificate_pem, &second.key_pem);
    process.hang_up();
    eventually("a line in the log", || async { place.log().contains("was not renewed").then_some(()) }).await;
    let mut stream = place.connect(&[&second], &[]).await.unwrap();
    assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
}

async fn the_doctor_and_the_start_say_what_is_wrong_with_a_certificate(deployment: Deployment) {
    let (pair, other) = (Pair::make(), Pair::make());
    let place = Place::with(&pair, deployment).await;
    let doctor = || run(&binary("tenon"), &["doctor"], &place.variables());
    let (done, output) = doctor();
    assert!(done && output.contains("certificate and key belong together"), "{output}");

    let soon = Utc::now() + TimeDelta::days(9);
    let soon = Pair::ending(soon.year(), u8::try_from(soon.month()).unwrap(), u8::try_from(soon.day()).unwrap());
    place.put(&soon.certificate_pem, &soon.key_pem);
    let (done, output) = doctor();
    assert!(done && output.contains("renew it"), "{output}");

    place.put(&pair.certificate_pem, &other.key_pem);
    for command in ["doctor", "serve"] {
        let (done, output) = run(&binary("tenon"), &[command], &place.variables());
        assert!(!done && output.contains("tenon.key is not that of the certificate in "), "{command}: {output}");
        assert!(!output.contains("PRIVATE KEY"), "{command}: {output}");
    }
}
