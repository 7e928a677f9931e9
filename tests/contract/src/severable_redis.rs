//! The real Redis, behind a line that tests can cut.

#![allow(clippy::expect_used, reason = "a test that cannot be set up fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub const REDIS: &str = "127.0.0.1:6379";

/// The URL of the real Redis.
pub fn redis_url() -> String {
    format!("redis://{REDIS}/")
}

/// A prefix nobody else uses. Keys under it carry a time to live, and so clean themselves up.
#[allow(clippy::disallowed_methods, reason = "tests need unique names")]
pub fn fresh_prefix() -> String {
    format!("test:{}:", uuid::Uuid::now_v7().simple())
}

/// What the line does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Whole,
    /// Connections are closed, new ones too.
    Cut,
    /// Connections stay, and nothing comes through.
    Frozen,
    /// What goes to Redis is this long on its way.
    Slow(Duration),
}

/// A proxy in front of Redis.
#[derive(Debug)]
pub struct SeverableRedis {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
}

impl SeverableRedis {
    pub async fn start(line: Line) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let line = Arc::new(watch::Sender::new(line));
        let lines = Arc::clone(&line);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *lines.borrow() != Line::Cut {
                    tokio::spawn(carry(client, lines.subscribe()));
                }
            }
        });
        Self { address, line }
    }

    pub fn url(&self) -> String {
        format!("redis://{}/", self.address)
    }

    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn carry(mut client: TcpStream, mut line: watch::Receiver<Line>) {
    let Ok(mut server) = TcpStream::connect(REDIS).await else { return };
    loop {
        let now = *line.borrow_and_update();
        match now {
            Line::Cut => return,
            Line::Frozen => {
                if line.changed().await.is_err() {
                    return;
                }
            }
            Line::Whole => {
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                    changed = line.changed() => if changed.is_err() { return },
                }
            }
            Line::Slow(delay) => {
                let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
                tokio::select! {
                    () = pass_on(from_client, to_server, delay) => return,
                    () = pass_on(from_server, to_client, Duration::ZERO) => return,
                    changed = line.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

/// Passes bytes on, late, until either end is closed.
async fn pass_on(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, delay: Duration) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
