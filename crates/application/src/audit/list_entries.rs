use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};

use super::{AuditEntryView, AuditFilter};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The audit trail of the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListAuditEntries {
    pub filter: AuditFilter,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListAuditEntries {
    type Output = Page<AuditEntryView>;
    const NAME: &'static str = "audit.list";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::AdminAudit);

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<AuditEntryView>, AppError> {
        let viewer = reader.require(Permission::ViewAuditLog)?;
        Ok(reader.queries().audit.list(viewer, &self.filter, &self.page).await?)
    }
}
