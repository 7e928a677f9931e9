//! A line between a process and a server that can be cut and held up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the line does with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Whole,
    /// Connections are closed, new ones too.
    Cut,
    /// Connections stay and new ones are accepted, and nothing comes through.
    Stalled,
    /// Everything comes later.
    Slow(Duration),
}

/// Carries connections to one address.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<watch::Sender<Line>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let lines = Arc::clone(&line);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *lines.borrow() != Line::Cut {
                    tokio::spawn(carry(client, port, lines.subscribe()));
                }
            }
        });
        Self { address, line, accepting }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    pub fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.send_replace(Line::Cut);
        self.accepting.abort();
    }
}

async fn carry(client: TcpStream, port: u16, mut line: watch::Receiver<Line>) {
    if passage(&mut line).await.is_none() {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, line.clone()) => {}
        () = pump(from_server, to_client, line.clone()) => {}
        () = cut(line) => {}
    }
}

/// Waits until something may pass, and answers how late it is to be; `None` when the line is cut.
async fn passage(line: &mut watch::Receiver<Line>) -> Option<Duration> {
    let state = *line.wait_for(|line| *line != Line::Stalled).await.ok()?;
    match state {
        Line::Cut | Line::Stalled => None,
        Line::Whole => Some(Duration::ZERO),
        Line::Slow(delay) => Some(delay),
    }
}

async fn cut(mut line: watch::Receiver<Line>) {
    drop(line.wait_for(|line| *line == Line::Cut).await);
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let Some(delay) = passage(&mut line).await else { return };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
