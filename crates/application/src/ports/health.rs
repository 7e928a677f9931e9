use async_trait::async_trait;

/// A component that can be asked whether it works.
#[async_trait]
pub trait HealthCheck: Send + Sync {
    fn name(&self) -> &'static str;
    /// Without it no request can be served: readiness depends on it.
    fn required(&self) -> bool;
    /// What is wrong, if something is, free of secrets. May take its time: whoever asks limits it.
    async fn check(&self) -> Result<(), String>;
}
