use std::time::Duration;

use async_trait::async_trait;

/// What a component said when it was asked whether it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentCheck {
    pub name: &'static str,
    /// Without it no request can be served: readiness depends on it.
    pub required: bool,
    pub latency: Duration,
    /// What is wrong, free of secrets.
    pub outcome: Result<(), String>,
}

/// A component that can be asked whether it works.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    async fn check(&self) -> ComponentCheck;
}
