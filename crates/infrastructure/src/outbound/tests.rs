use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::client::Bounds;
use super::*;

/// What a server does with each connection.
#[derive(Clone)]
enum Manner {
    /// Answers this, and closes.
    Answer(String),
    /// Begins an answer and never goes on.
    Stall,
    /// Sends a body without an end.
    Flood,
}

/// A server of one's own, for as long as the test runs.
async fn serve(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let manner = manner.clone();
            tokio::spawn(async move {
                if !connection.read(&mut [0; 4096]).await.is_ok_and(|bytes| bytes > 0) {
                    return;
                }
                match manner {
                    Manner::Answer(answer) => drop(connection.write_all(answer.as_bytes()).await),
                    Manner::Stall => {
                        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                    Manner::Flood => {
                        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                        while connection.write_all(&[b'x'; 1024]).await.is_ok() {}
                    }
                }
            });
        }
    });
    address
}

fn answering(status: &str, headers: &str, body: &str) -> Manner {
    Manner::Answer(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()))
}

fn request(uri: String) -> Request<Vec<u8>> {
    Request::get(uri).body(Vec::new()).unwrap()
}

fn bounds(millis: u64) -> Bounds {
    Bounds { time: Duration::from_millis(millis), body: 64 * 1024 }
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let server = serve(answering("200 OK", "x-answer: yes\r\n", "well")).await;
    let http = OutboundHttp::new(OutboundPolicy::Anywhere).unwrap();
    let answer = http.send(request(format!("http://{server}/"))).await.unwrap();
    assert_eq!((answer.status(), answer.body().as_slice()), (StatusCode::OK, b"well".as_slice()));
    assert_eq!(answer.headers()["x-answer"], "yes");
    let by_name = http.send(request(format!("http://localhost:{}/", server.port()))).await;
    assert_eq!(by_name.unwrap().body(), b"well");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let elsewhere = serve(answering("200 OK", "", "elsewhere")).await;
    let server = serve(answering("302 Found", &format!("location: http://{elsewhere}/\r\n"), "")).await;
    let http = OutboundHttp::new(OutboundPolicy::Anywhere).unwrap();
    let answer = http.send(request(format!("http://{server}/"))).await.unwrap();
    assert_eq!((answer.status(), answer.body().len()), (StatusCode::FOUND, 0));
}

#[tokio::test]
async fn nobody_keeps_it_waiting_or_fills_its_memory() {
    let http = OutboundHttp::bounded(OutboundPolicy::Anywhere, bounds(200)).unwrap();
    let slow = serve(Manner::Stall).await;
    let refused = http.send(request(format!("http://{slow}/"))).await.unwrap_err();
    assert_eq!(refused, OutboundError::TooSlow(200));

    let http = OutboundHttp::new(OutboundPolicy::Anywhere).unwrap().reading_at_most(64 * 1024);
    let large = "x".repeat(64 * 1024 + 1);
    for manner in [Manner::Flood, answering("200 OK", "", &large)] {
        let server = serve(manner).await;
        let refused = http.send(request(format!("http://{server}/"))).await.unwrap_err();
        assert_eq!(refused, OutboundError::TooLarge(64 * 1024));
    }
}

#[tokio::test]
async fn what_is_away_is_said_with_its_cause() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let http = OutboundHttp::new(OutboundPolicy::Anywhere).unwrap();
    let error = http.send(request(format!("http://{closed}/"))).await.unwrap_err();
    assert!(matches!(&error, OutboundError::Unanswered(why) if why.contains("refused")), "{error}");
}

#[tokio::test]
async fn only_public_servers_are_called_and_by_https() {
    let server = serve(answering("200 OK", "", "secret")).await;
    let port = server.port();
    let http = OutboundHttp::bounded(OutboundPolicy::PublicOnly, bounds(60_000)).unwrap();
    for uri in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://user@127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "http://example.com/".to_owned(),
        "/relative".to_owned(),
        format!("https://localhost:{port}/"),
    ] {
        let refused = http.send(request(uri.clone())).await.unwrap_err();
        assert!(matches!(refused, OutboundError::Forbidden(_)), "{uri}: {refused}");
    }
    // Only resolvers read this as an address, and no certificate can be for it.
    assert!(http.send(request(format!("https://127.1:{port}/"))).await.is_err());
}
