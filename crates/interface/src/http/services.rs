use std::sync::Arc;
use std::time::Duration;

use actix_tls::accept::rustls_0_23::reexports::ServerConfig;
use ipnet::IpNet;
use tenon_application::App;
use tenon_application::idempotency::IdempotencyKeys;
use tenon_application::identity::{Accounts, Authenticator, SingleSignOn, VerificationKey};
use tenon_application::organizations::Domains;
use tenon_application::ports::{HealthCheck, RateLimiter};

use super::admission::AdmissionSettings;
use super::body::BodyLimits;
use super::draining::Draining;
use super::rate_limit::RateLimits;

/// Links a span that has not been entered yet to the caller's trace (`traceparent`), if one is given, and answers the
/// trace context that the request's events and jobs go on with.
pub type TraceContext = Arc<dyn Fn(&tracing::Span, Option<&str>) -> Option<String> + Send + Sync>;

/// What the server needs of the rest of the system.
#[derive(Clone)]
pub struct HttpServices {
    pub app: App,
    pub accounts: Accounts,
    pub domains: Domains,
    pub single_sign_on: SingleSignOn,
    pub authenticator: Authenticator,
    /// What others verify access tokens with.
    pub verification_keys: Vec<VerificationKey>,
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// Counts requests, for all instances together where there is Redis.
    pub limiter: Arc<dyn RateLimiter>,
    pub draining: Draining,
    pub health: Vec<Arc<dyn HealthCheck>>,
    /// Renders all metrics in the Prometheus text format.
    pub render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
    pub trace_context: Option<TraceContext>,
}

/// How the server behaves.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where clients reach the server, such as `https://tenon.example.com`.
    pub public_url: url::Url,
    /// Origins whose pages may call the API, such as `https://app.example.com`.
    pub cors_origins: Vec<String>,
    /// Proxies that are believed about where a request comes from.
    pub trusted_proxies: Vec<IpNet>,
    /// Signs cursors. Every instance needs the same one; a change makes open cursors invalid.
    pub cursor_key: Vec<u8>,
    /// Signs CSRF tokens. Every instance needs the same one; after a change, pages have to ask for new ones.
    pub csrf_key: Vec<u8>,
    /// `None` switches rate limits off, for measurements behind another limiter.
    pub rate_limits: Option<RateLimits>,
    /// `None` lets everything in, for measurements of what is behind.
    pub admission: Option<AdmissionSettings>,
    pub body: BodyLimits,
    pub workers: usize,
    pub max_connections_per_worker: usize,
    pub keep_alive: Duration,
    /// How long a client may take to send the head of a request.
    pub head_timeout: Duration,
    /// How long an answer may lie unread before its connection is ended.
    pub unread_timeout: Duration,
    /// Serves with TLS and nothing else.
    pub tls: Option<ServerConfig>,
    /// How long running requests are waited for when the server stops.
    pub shutdown_timeout: Duration,
}

impl HttpSettings {
    /// Settings that suit most deployments.
    pub fn new(public_url: url::Url, cursor_key: Vec<u8>, csrf_key: Vec<u8>) -> Self {
        Self {
            public_url,
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            cursor_key,
            csrf_key,
            rate_limits: Some(RateLimits::default()),
            admission: Some(AdmissionSettings::default()),
            body: BodyLimits::default(),
            workers: std::thread::available_parallelism().map_or(2, usize::from),
            max_connections_per_worker: 25_000,
            keep_alive: Duration::from_secs(75),
            head_timeout: Duration::from_secs(10),
            unread_timeout: Duration::from_secs(30),
            tls: None,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}
