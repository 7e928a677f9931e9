//! Looking TXT records up, against a name server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use tenon_application::organizations::TxtRecords;
use tenon_e2e_tests::NameServer;
use tenon_infrastructure::dns::DnsTxtRecords;
use tokio::net::UdpSocket;

const NAME: &str = "_tenon-challenge.example.com";

fn asking(server: &NameServer) -> DnsTxtRecords {
    DnsTxtRecords::new(&[server.address()])
}

async fn lookup(records: &DnsTxtRecords, name: &str) -> Vec<String> {
    let mut texts = records.lookup(name).await.unwrap();
    texts.sort();
    texts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_texts_of_a_name_are_found_whole() {
    let server = NameServer::start().await;
    let records = asking(&server);
    let long = "x".repeat(300);
    server.say(NAME, &["tenon-verification=secret", &long, ""]);
    assert_eq!(lookup(&records, NAME).await, ["", "tenon-verification=secret", &long]);
    assert_eq!(server.asked().last().map(String::as_str), Some(NAME), "and nothing is appended to it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_without_records_says_nothing() {
    let server = NameServer::start().await;
    let records = asking(&server);
    for name in [NAME, "example", "xn--bcher-kva.example"] {
        assert_eq!(lookup(&records, name).await, [""; 0], "{name}");
    }
    for name in ["", "a..b", &"a".repeat(64), "no name"] {
        assert_eq!(lookup(&records, name).await, [""; 0], "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_just_changed_is_seen() {
    let server = NameServer::start().await;
    let records = asking(&server);
    assert_eq!(lookup(&records, NAME).await, [""; 0]);
    server.say(NAME, &["first"]);
    assert_eq!(lookup(&records, NAME).await, ["first"]);
    server.say(NAME, &["second"]);
    assert_eq!(lookup(&records, NAME).await, ["second"]);
    server.say(NAME, &[]);
    assert_eq!(lookup(&records, NAME).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_tell_is_no_answer() {
    let server = NameServer::start().await;
    let records = asking(&server);
    server.say(NAME, &["tenon-verification=secret"]);
    server.fail(true);
    assert!(records.lookup(NAME).await.is_err());
    server.fail(false);
    assert_eq!(lookup(&records, NAME).await, ["tenon-verification=secret"], "and it is asked again");

    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(DnsTxtRecords::new(&[nobody]).lookup(NAME).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_server_stands_in() {
    let server = NameServer::start().await;
    server.say(NAME, &["tenon-verification=secret"]);
    let nobody = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let records = DnsTxtRecords::new(&[nobody, server.address()]);
    assert_eq!(lookup(&records, NAME).await, ["tenon-verification=secret"]);
}
