use async_trait::async_trait;
use tenon_application::ports::HealthCheck;

use super::RedisLink;

/// Asks Redis whether it works. Tenon degrades without it, so readiness does not depend on it.
#[derive(Clone, Debug)]
pub struct RedisHealth {
    link: RedisLink,
}

impl RedisHealth {
    pub fn new(link: RedisLink) -> Self {
        Self { link }
    }
}

#[async_trait]
impl HealthCheck for RedisHealth {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), String> {
        let pong: Result<String, _> =
            self.link.attempt(async |mut connection| redis::cmd("PING").query_async(&mut connection).await).await;
        pong.map(|_| ()).map_err(|error| error.to_string())
    }
}
