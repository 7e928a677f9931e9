use std::sync::Arc;

use tenon_application::identity::{SignInPolicy, SignInThrottle};
use tenon_application::ports::{Cache, HealthCheck, RateLimiter, RelayBell, RelayWaker};
use tenon_infrastructure::cache::{InProcessCache, RedisCache};
use tenon_infrastructure::rate_limit::{InProcessRateLimiter, RedisRateLimiter};
use tenon_infrastructure::redis_link::{RedisHealth, RedisLink, RedisLinkError, RedisServer};
use tenon_infrastructure::relay::{InProcessRelay, RedisRelay};
use tenon_infrastructure::sign_in_throttle::{InProcessSignInThrottle, RedisSignInThrottle};

use crate::config::{Config, RedisConfig};
use crate::failure::Failure;

/// What ties the processes of a deployment together, or stands in for it in a single process.
pub(crate) struct Links {
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) throttle: Arc<dyn SignInThrottle>,
    pub(crate) waker: Arc<dyn RelayWaker>,
    pub(crate) bell: Arc<dyn RelayBell>,
    pub(crate) health: Option<Arc<dyn HealthCheck>>,
}

impl Links {
    pub(crate) fn open(config: &Config) -> Result<Self, Failure> {
        let Some(redis) = &config.redis else { return Ok(Self::in_process()) };
        let link = RedisLink::open(redis_server(redis)?)?;
        let prefix = format!("{}:", redis.prefix);
        let relay = Arc::new(RedisRelay::new(link.clone(), &prefix));
        Ok(Self {
            cache: Arc::new(RedisCache::new(link.clone(), &prefix)),
            limiter: Arc::new(RedisRateLimiter::new(link.clone(), &prefix)),
            throttle: Arc::new(RedisSignInThrottle::new(link.clone(), &prefix, SignInPolicy::default())),
            waker: relay.clone(),
            bell: relay,
            health: Some(Arc::new(RedisHealth::new(link))),
        })
    }

    fn in_process() -> Self {
        let relay = Arc::new(InProcessRelay::new());
        Self {
            cache: Arc::new(InProcessCache::default()),
            limiter: Arc::new(InProcessRateLimiter::new()),
            throttle: Arc::new(InProcessSignInThrottle::new(SignInPolicy::default())),
            waker: relay.clone(),
            bell: relay,
            health: None,
        }
    }
}

/// Where Redis is, and who has to vouch for it.
pub(super) fn redis_server(redis: &RedisConfig) -> Result<RedisServer, RedisLinkError> {
    let server = RedisServer::from(redis.url.expose());
    match &redis.authorities {
        Some(file) => server.trusting(file),
        None => Ok(server),
    }
}
