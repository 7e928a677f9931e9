use std::time::Duration;

use async_trait::async_trait;

/// A burst of `quota` requests per key, refilled evenly over `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePolicy {
    /// Names the policy in the `RateLimit-Policy` header and in metrics.
    pub name: &'static str,
    pub quota: u32,
    pub window: Duration,
}

/// What the limiter said about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateDecision {
    pub allowed: bool,
    pub remaining: u32,
    /// When the whole quota is available again, or, if refused, when the next request is.
    pub reset_after: Duration,
}

/// Counts requests. When its shared store is away it counts in process: never open, never shut.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    async fn check(&self, policy: &RatePolicy, key: &str) -> RateDecision;
}
