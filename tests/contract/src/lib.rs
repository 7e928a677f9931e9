//! Contract tests: what every adapter of a port does, whichever technology is behind it.

pub mod cache;
pub mod child_server;
pub mod mail;
pub mod rate_limit;
pub mod relay;
pub mod severable_redis;
pub mod sign_in_throttle;
pub mod timing;

#[cfg(test)]
mod persistence;
