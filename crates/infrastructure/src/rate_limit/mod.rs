//! Rate limiters: in process, and shared through Redis. Both follow the generic cell rate algorithm (GCRA): a burst of
//! the whole quota, refilled evenly over the window.

mod in_process;
mod redis;

pub use in_process::InProcessRateLimiter;
pub use redis::RedisRateLimiter;
