use std::error::Error;
use std::io::Cursor;
use std::iter;
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::resolver::{GuardedResolver, NoPublicAddress};
use super::{OutboundError, OutboundPolicy, tls};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("tenon/", env!("CARGO_PKG_VERSION")));
/// Headers that are longer are not read.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// HTTP to servers that others name: https only, public addresses only, no redirects, no proxy, bounded time and size;
/// unless the policy allows all servers.
#[derive(Clone, Debug)]
pub struct OutboundHttp {
    client: Client<HttpsConnector<HttpConnector<GuardedResolver>>, Full<Cursor<Vec<u8>>>>,
    policy: OutboundPolicy,
    bounds: Bounds,
}

/// How long a whole exchange may take, and how large the body of an answer may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) time: Duration,
    pub(super) body: usize,
}

const BOUNDS: Bounds = Bounds { time: Duration::from_secs(10), body: 1024 * 1024 };

impl OutboundHttp {
    pub fn new(policy: OutboundPolicy) -> Result<Self, OutboundError> {
        Self::bounded(policy, BOUNDS)
    }

    pub(super) fn bounded(policy: OutboundPolicy, bounds: Bounds) -> Result<Self, OutboundError> {
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver::new(policy));
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls::client_config()?);
        let schemes = match policy {
            OutboundPolicy::PublicOnly => tls.https_only(),
            OutboundPolicy::Anywhere => tls.https_or_http(),
        };
        let client = Client::builder(TokioExecutor::new())
            // There are minutes between two calls: a connection that was kept would be dead.
            .pool_max_idle_per_host(0)
            .http1_max_buf_size(MAX_HEADER_BYTES)
            .build(schemes.enable_http1().wrap_connector(tcp));
        Ok(Self { client, policy, bounds })
    }

    /// The same, reading answers of at most so many bytes.
    pub fn reading_at_most(mut self, body: usize) -> Self {
        self.bounds.body = body;
        self
    }

    /// Which servers it calls.
    pub fn policy(&self) -> OutboundPolicy {
        self.policy
    }

    /// The answer, whatever its status: also a redirect is one.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutboundError> {
        let (mut head, body) = request.into_parts();
        self.policy.check(&head.uri)?;
        head.headers.entry(USER_AGENT).or_insert(AGENT);
        let exchange = self.exchange(Request::from_parts(head, Full::new(Cursor::new(body))));
        let answered = tokio::time::timeout(self.bounds.time, exchange).await;
        answered.unwrap_or_else(|_| Err(OutboundError::TooSlow(self.bounds.time.as_millis())))
    }

    async fn exchange(&self, request: Request<Full<Cursor<Vec<u8>>>>) -> Result<Response<Vec<u8>>, OutboundError> {
        let answer = self.client.request(request).await.map_err(|error| failure(&error))?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, self.bounds.body).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { OutboundError::TooLarge(self.bounds.body) } else { failure(&*error) }
        })?;
        Ok(Response::from_parts(head, body.to_bytes().to_vec()))
    }
}

/// What went wrong, with all its causes: the first of them says hardly anything.
fn failure(error: &(dyn Error + 'static)) -> OutboundError {
    let causes: Vec<_> = iter::successors(Some(error), |&error| error.source()).collect();
    if let Some(NoPublicAddress(name)) = causes.iter().find_map(|cause| cause.downcast_ref::<NoPublicAddress>()) {
        return OutboundError::Forbidden(name.clone());
    }
    let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
    OutboundError::Unanswered(texts.join(": "))
}
