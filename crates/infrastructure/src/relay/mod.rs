//! How a commit wakes the relay: within the process, or through Redis.

mod in_process;
mod redis;

pub use in_process::InProcessRelay;
pub use redis::RedisRelay;
