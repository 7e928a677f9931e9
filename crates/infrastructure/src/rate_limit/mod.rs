//! Rate limiters: in process, and shared through Redis. Both follow the generic cell rate algorithm (GCRA): a burst of
//! the whole quota, refilled evenly over the window. Of a generous quota an instance takes [some ahead](lease).

mod in_process;
mod lease;
mod redis;

pub use in_process::InProcessRateLimiter;
pub use redis::RedisRateLimiter;
