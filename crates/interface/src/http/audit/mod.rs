//! The audit trail over HTTP.

mod dto;

use actix_web::get;
use tenon_application::Unsorted;
use tenon_application::audit::{AuditFilter, ListAuditEntries};
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) use self::dto::ResourceResponse;

use self::dto::AuditEntryResponse;
use super::answer::Answer;
use super::caller::Caller;
use super::list::{List, ListBody};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_audit_logs);
}

type AuditList = List<AuditFilter, Unsorted>;

/// List the audit trail
///
/// What happened in the organization, newest first. Owners and admins may read it.
#[utoipa::path(tag = "audit", operation_id = "list_audit_logs", params(AuditList),
    responses((status = 200, body = ListBody<AuditEntryResponse>, description = "A page of entries")))]
#[get("/audit-logs")]
pub(crate) async fn list_audit_logs(caller: Caller, list: AuditList) -> Answer {
    let query = ListAuditEntries { filter: list.filter.clone(), page: list.page.clone() };
    list.answer::<_, AuditEntryResponse>(caller.ask(query).await?)
}
