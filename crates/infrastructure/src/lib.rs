//! The adapters: everything through which Tenon reaches databases, Redis, mail services and the machine itself.

pub mod cache;
pub mod clock;
pub mod dns;
pub mod ids;
pub mod mail;
pub mod oidc;
pub mod outbound;
pub mod persistence;
pub mod push;
pub mod queue;
pub mod rate_limit;
pub mod redis_link;
pub mod relay;
pub mod security;
pub mod sign_in_throttle;
pub mod telemetry;
pub mod tls;
