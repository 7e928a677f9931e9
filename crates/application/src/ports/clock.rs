use tenon_domain::Timestamp;
use uuid::Uuid;

/// The time. Truncated to milliseconds, which every store and the API keep exactly.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// Makes UUIDv7 ids: unique, and rising with time.
pub trait IdGenerator: Send + Sync {
    fn next_id(&self) -> Uuid;
}
