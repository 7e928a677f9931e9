//! The domains that organizations claim.

mod archive;
mod queries;
mod repository;

pub use archive::SqlDomainArchive;
use sea_orm::{ColumnTrait, Condition};
use tenon_application::StoreError;
use tenon_domain::organizations::{DomainName, OrganizationDomainState};

use super::role;
use crate::persistence::entities::organization_domain::{Column, Model};

fn domain_state(row: Model) -> Result<OrganizationDomainState, StoreError> {
    Ok(OrganizationDomainState {
        id: row.id.into(),
        name: DomainName::restore(row.name),
        token: row.token,
        verified_at: row.verified_at,
        auto_join_role: row.auto_join_role.as_deref().map(role).transpose()?,
        checked_at: row.checked_at,
        misses: u32::try_from(row.misses).unwrap_or(u32::MAX),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// Holds for the domain if its addresses may join.
fn is_open(domain: &DomainName) -> Condition {
    Condition::all().add(Column::ProvedName.eq(domain.as_str())).add(Column::AutoJoinRole.is_not_null())
}
