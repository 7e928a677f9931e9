mod accepting;
mod domains;
mod inviting;
mod membership;
mod rechecking;
mod requiring_mfa;
mod reviewing;
mod roles;
mod service_accounts;
mod suspending;
mod tenancy;
mod transferring;

use tenon_domain::Violation;
use tenon_domain::access::Permission;

use super::*;
use crate::error::AppError;

fn broken<T>(violation: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![violation.into()]))
}

fn refused<T>(permission: Permission) -> Result<T, AppError> {
    Err(AppError::Forbidden(permission))
}
