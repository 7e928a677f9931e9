//! What a use case answers when it does not succeed.

use std::time::Duration;

use tenon_domain::Violation;
use tenon_domain::access::{Permission, Scope};

use crate::actor::Denial;
use crate::identity::MfaToken;
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
    /// The personal access token is not good for it, whatever its owner may do.
    #[error("this needs a token with the scope {0}")]
    InsufficientScope(Scope),
    /// Neither a personal access token nor one of another issuer is good for it.
    #[error("this can be done by somebody who has signed in, and not with another token: sign in")]
    SessionRequired,
    /// A service account would change itself.
    #[error("a service account is changed by those who manage it, and not by itself")]
    ManagedByOthers,
    #[error("{}", .0.detail())]
    Unauthenticated(Denial),
    /// Too many attempts to prove a password or a code failed.
    #[error("too many attempts failed: wait before the next one")]
    TooManyAttempts { retry_after: Duration },
    /// Too many sign-ins to the account failed for one from an unfamiliar address to be tried.
    #[error(
        "too many attempts failed for this account: open the link that was mailed to its address, sign in from where \
         you did before, or wait"
    )]
    SignInLocked { retry_after: Duration },
    /// The password was right; the sign-in goes on with the second factor and this.
    #[error("your second factor is needed")]
    MfaRequired(MfaToken),
    /// Passkeys are bound to a domain, and the deployment has none.
    #[error("passkeys need a domain: the address of this deployment has none, or it is not set")]
    PasskeysUnavailable,
    /// The organization wants its members to have a second factor, and the caller has none.
    #[error("this organization requires a second factor: set one up first")]
    MfaEnrollmentRequired,
    /// Organizations would be left without an owner. They are named.
    #[error("the only owner of {}: make somebody else an owner first", .organizations.join(", "))]
    OnlyOwner { organizations: Vec<String> },
    /// In every organization of theirs they are suspended. Only who has proved who they are hears that.
    #[error("you are suspended in every organization you belong to: ask one of its owners")]
    Suspended,
    /// The operator has deactivated them. Only who has proved who they are hears that.
    #[error("this account is deactivated: ask who runs this deployment")]
    Deactivated,
    /// The record that would prove a domain to be the organization's own is not there.
    #[error(
        "there is no TXT record at {name} that says {value}: it may take a while until a new one is seen everywhere"
    )]
    DomainUnproved { name: String, value: String },
    /// The organization, or the user in all of theirs, has as many domains looked up as one may at the same time.
    #[error("domains of this organization or of yours are being looked up: wait for that")]
    LookupsUnderWay,
    /// The caller's `If-Match` names another version than the stored one.
    #[error("it has changed since: read it again")]
    PreconditionFailed,
    /// Somebody else changed it at the same time, and trying again did not help.
    #[error("it is being changed by others: try again")]
    Stale,
    /// A dependency is away.
    #[error("a dependency is unavailable: {0}")]
    Unavailable(String),
    /// A dependency is away, and is not asked again before so long.
    #[error("a dependency is unavailable: {cause}")]
    UnavailableFor { cause: String, retry_after: Duration },
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
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::SessionRequired => "session_required",
            Self::ManagedByOthers => "managed_by_others",
            Self::Unauthenticated(_) => "unauthenticated",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::SignInLocked { .. } => "sign_in_locked",
            Self::MfaRequired(_) => "mfa_required",
            Self::PasskeysUnavailable => "passkeys_unavailable",
            Self::MfaEnrollmentRequired => "mfa_enrollment_required",
            Self::OnlyOwner { .. } => "only_owner",
            Self::Suspended => "suspended",
            Self::Deactivated => "deactivated",
            Self::DomainUnproved { .. } => "domain_unproved",
            Self::LookupsUnderWay => "lookups_under_way",
            Self::PreconditionFailed => "precondition_failed",
            Self::Stale => "stale",
            Self::Unavailable(_) | Self::UnavailableFor { .. } => "unavailable",
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
