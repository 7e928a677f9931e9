//! What a use case answers when it does not succeed.

use tenon_domain::Violation;
use tenon_domain::access::Permission;

use crate::actor::Denial;
use crate::unit_of_work::StoreError;

/// The outcome of a refused or failed use case. The interface turns it into problem+json in one place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppError {
    /// Rules were broken: at least one, all that were found.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Violations(Vec<Violation>),
    /// It does not exist for this caller.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller may see it but not do this to it.
    #[error("this needs the permission {0}")]
    Forbidden(Permission),
    #[error("{}", .0.detail())]
    Unauthenticated(Denial),
    /// The caller's `If-Match` names another version than the stored one.
    #[error("it has changed since: read it again")]
    PreconditionFailed,
    /// Somebody else changed it at the same time, and trying again did not help.
    #[error("it is being changed by others: try again")]
    Stale,
    /// A dependency is away.
    #[error("a dependency is unavailable: {0}")]
    Unavailable(String),
    /// A defect. The text is for the log only.
    #[error("internal error: {0}")]
    Internal(String),
}

impl AppError {
    /// The label of the outcome in metrics and logs.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Violations(_) => "violation",
            Self::NotFound(_) => "not_found",
            Self::Forbidden(_) => "forbidden",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::PreconditionFailed => "precondition_failed",
            Self::Stale => "stale",
            Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }
}

impl<E: Into<Violation>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self::Violations(vec![error.into()])
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            StoreError::Unavailable(cause) => Self::Unavailable(cause),
            StoreError::Duplicate(constraint) => Self::Internal(format!("unexpected duplicate: {constraint}")),
            StoreError::Broken(cause) => Self::Internal(cause),
        }
    }
}
