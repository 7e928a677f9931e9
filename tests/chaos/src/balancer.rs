//! A small balancer in front of the APIs: it asks each whether it is ready, sends requests to those that are, and tries
//! the next one only when nothing was sent. Anything cleverer would hide what the server does wrong.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenon_e2e_tests::Api;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How often a balancer asks, and so how long it may send requests to one that is about to stop.
const EVERY: Duration = Duration::from_millis(200);

struct Backend {
    root: String,
    ready: AtomicBool,
}

/// Balances connections, not requests: a client that keeps its connection stays with the API that it leads to, until
/// that one ends it, as it does with its answers while it is about to stop.
pub struct Balancer {
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Balancer {
    pub async fn start(roots: &[String]) -> Self {
        let of = |root: &String| Backend { root: root.clone(), ready: AtomicBool::new(true) };
        let backends: Arc<Vec<Backend>> = Arc::new(roots.iter().map(of).collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let mut tasks: Vec<_> = (0..backends.len()).map(|n| tokio::spawn(probe(Arc::clone(&backends), n))).collect();
        tasks.push(tokio::spawn(accept(listener, backends)));
        Self { address, tasks }
    }

    pub fn root(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn probe(backends: Arc<Vec<Backend>>, n: usize) {
    let backend = &backends[n];
    let api = Api::new(&backend.root).with_limit(Duration::from_secs(2));
    loop {
        let ready = api.get("//health/ready").attempt().await.is_ok_and(|answer| answer.status == 200);
        backend.ready.store(ready, Ordering::Relaxed);
        tokio::time::sleep(EVERY).await;
    }
}

async fn accept(listener: TcpListener, backends: Arc<Vec<Backend>>) {
    let turn = AtomicUsize::new(0);
    let mut carried = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let backends = Arc::clone(&backends);
        let first = turn.fetch_add(1, Ordering::Relaxed);
        carried.spawn(async move {
            let ready: Vec<&Backend> = backends.iter().filter(|it| it.ready.load(Ordering::Relaxed)).collect();
            for n in 0..ready.len() {
                let backend = ready[(first + n) % ready.len()];
                // Refused: nothing was sent, so the next one may be tried.
                let address = backend.root.trim_start_matches("http://");
                let Ok(mut server) = TcpStream::connect(address).await else { continue };
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                return;
            }
        });
        while carried.try_join_next().is_some() {}
    }
}
