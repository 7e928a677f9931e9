//! A server that Tenon runs on, behind a proxy.

use std::sync::{Arc, Mutex};

use crate::proxy::{Line, Proxy};
use crate::servers::Daemon;

/// A server behind its proxy.
pub struct Backend {
    daemon: Mutex<Daemon>,
    proxy: Proxy,
}

impl Backend {
    pub(super) async fn of(daemon: Daemon) -> Arc<Self> {
        let proxy = Proxy::to(daemon.port()).await;
        Arc::new(Self { daemon: Mutex::new(daemon), proxy })
    }

    /// Where processes reach it, through the proxy.
    pub fn port(&self) -> u16 {
        self.proxy.port()
    }

    /// Where it listens itself, whatever the line is like.
    pub fn direct_port(&self) -> u16 {
        self.daemon.lock().unwrap().port()
    }

    /// What may take a moment happens on a thread of its own, so that clients go on meanwhile.
    async fn on_thread(self: &Arc<Self>, act: impl FnOnce(&mut Daemon) + Send + 'static) {
        let backend = Arc::clone(self);
        tokio::task::spawn_blocking(move || act(&mut backend.daemon.lock().unwrap())).await.expect("the server");
    }

    pub async fn kill(self: &Arc<Self>) {
        self.on_thread(Daemon::kill).await;
    }

    pub async fn stop(self: &Arc<Self>) {
        self.on_thread(Daemon::stop).await;
    }

    pub async fn start(self: &Arc<Self>) {
        self.on_thread(Daemon::start).await;
    }

    pub async fn freeze(self: &Arc<Self>) {
        self.on_thread(|daemon| daemon.freeze()).await;
    }

    pub async fn thaw(self: &Arc<Self>) {
        self.on_thread(|daemon| daemon.thaw()).await;
    }

    pub fn set(&self, line: Line) {
        self.proxy.set(line);
    }
}
