//! Lets the exporter's own thread send over HTTP on the Tokio runtime.

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::runtime::Handle;

/// The batch exporter runs on a plain thread, where an asynchronous client finds no reactor: the request is handed to
/// the runtime, and the thread waits for it.
#[derive(Debug)]
pub(super) struct RuntimeClient {
    runtime: Handle,
    client: reqwest::Client,
}

impl RuntimeClient {
    pub(super) fn new(runtime: Handle, client: reqwest::Client) -> Self {
        Self { runtime, client }
    }
}

#[async_trait]
impl HttpClient for RuntimeClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}
