//! The domains of an organization over HTTP.

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use serde::{Deserialize, Serialize};
use tenon_application::organizations::{DomainView, Domains, EditDomain, FindDomain, ListDomains, RemoveDomain};
use tenon_application::{AppError, Unsorted};
use tenon_domain::DomainId;
use tenon_domain::organizations::{DomainName, DomainStatus};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::OrganizationRoleName;
use crate::http::answer::{Answer, created, no_content, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch, versioned};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::merge_patch::Patch;
use crate::http::path::{InPath, id_ref};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_domains)
        .service(claim_domain)
        .service(get_domain)
        .service(update_domain)
        .service(remove_domain)
        .service(verify_domain);
}

type InDomainPath = InPath<DomainRef>;
type DomainList = List<Unfiltered, Unsorted>;

wire_enum! {
    /// Whether the organization has proved a domain to be its own.
    DomainStatusName, "DomainStatus", DomainStatus
}

checks! {
    domain: str => DomainName::parse;
}

id_ref! {
    /// The domain that a path names.
    pub(crate) struct DomainRef(DomainId);
    "domain", "The id of the domain."
}

/// Which domain is to be claimed.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "example.com" }))]
pub(crate) struct ClaimDomainBody {
    /// In ASCII: `xn--bcher-kva.example`.
    #[validate(custom(function = "check::domain"))]
    #[schema(max_length = 253, pattern = "domain")]
    domain: String,
}

impl ClaimDomainBody {
    fn into_name(self) -> Result<DomainName, AppError> {
        Ok(DomainName::parse(&self.domain)?)
    }
}

/// What is to change about a domain.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "auto_join_role": "member" }))]
pub(crate) struct UpdateDomainBody {
    /// `member` or `guest`: what who has a verified address there becomes by joining. With `null` nobody joins.
    #[schema(value_type = Option<OrganizationRoleName>)]
    auto_join_role: Patch<OrganizationRoleName>,
}

/// The record in the DNS that proves a domain to be the organization's own.
#[derive(Serialize, ToSchema)]
#[schema(as = DomainRecord)]
pub(crate) struct DomainRecordResponse {
    #[schema(example = "_tenon-challenge.example.com")]
    name: String,
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "TXT")]
    kind: &'static str,
    #[schema(example = "tenon-verification=Zm9yIGV4YW1wbGUgb25seQ")]
    value: String,
}

/// A domain of the organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Domain, example = json!({
    "id": "0199f8a5-1c47-7b02-9e6a-c5d3f0a81b24", "domain": "example.com", "state": "pending",
    "record": {
        "name": "_tenon-challenge.example.com", "type": "TXT", "value": "tenon-verification=Zm9yIGV4YW1wbGUgb25seQ",
    },
    "auto_join_role": null, "verified_at": null, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct DomainResponse {
    id: Uuid,
    domain: String,
    state: DomainStatusName,
    record: DomainRecordResponse,
    #[schema(required = true)]
    auto_join_role: Option<OrganizationRoleName>,
    #[schema(required = true)]
    verified_at: Option<Moment>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<DomainView> for DomainResponse {
    fn from(domain: DomainView) -> Self {
        Self {
            id: domain.id.into(),
            state: domain.status().into(),
            domain: domain.domain,
            record: DomainRecordResponse { name: domain.record_name, kind: "TXT", value: domain.record_value },
            auto_join_role: domain.auto_join_role.map(Into::into),
            verified_at: domain.verified_at.map(Into::into),
            version: domain.version,
            created_at: domain.created_at.into(),
            updated_at: domain.updated_at.into(),
        }
    }
}

versioned!(DomainResponse);

/// List the domains
///
/// The newest first.
#[utoipa::path(tag = "domains", operation_id = "list_domains", params(DomainList),
    responses((status = 200, body = ListBody<DomainResponse>, description = "A page of domains")))]
#[get("/domains")]
pub(crate) async fn list_domains(caller: Caller, list: DomainList) -> Answer {
    let query = ListDomains { page: list.page.clone() };
    list.answer::<_, DomainResponse>(caller.ask(query).await?)
}

/// Claim a domain
///
/// It is pending until it is verified: make the `record` in its DNS, and have it verified. Domains where everybody can
/// have an address are refused.
#[utoipa::path(tag = "domains", operation_id = "claim_domain", request_body = ClaimDomainBody,
    responses((status = 201, body = DomainResponse, description = "The claimed domain")))]
#[post("/domains")]
pub(crate) async fn claim_domain(caller: Caller, domains: Data<Domains>, body: Body<ClaimDomainBody>) -> Answer {
    let domain = domains.claim(caller.actor(), body.into_inner().into_name()?).await?;
    created("/domains", &DomainResponse::from(domain))
}

/// Read a domain
///
/// With the record that proves it to be the organization's own.
#[utoipa::path(tag = "domains", operation_id = "get_domain", params(InDomainPath, IfNoneMatch),
    responses((status = 200, body = DomainResponse, description = "The domain")))]
#[get("/domains/{domain}")]
pub(crate) async fn get_domain(caller: Caller, path: InDomainPath, held: IfNoneMatch) -> Answer {
    let InPath(DomainRef(domain)) = path;
    ok_unless_held(&held, &DomainResponse::from(caller.ask(FindDomain { domain }).await?))
}

/// Let the addresses of a domain join, or no longer
///
/// With a role, who shows that they read an address there becomes a member at once, and who has shown it before may
/// join. The domain has to be verified. Who has joined stays, whatever changes.
#[utoipa::path(tag = "domains", operation_id = "update_domain", params(InDomainPath, IfMatch),
    request_body = UpdateDomainBody,
    responses((status = 200, body = DomainResponse, description = "The domain as it is now")))]
#[patch("/domains/{domain}")]
pub(crate) async fn update_domain(
    caller: Caller,
    path: InDomainPath,
    seen: IfMatch,
    body: Body<UpdateDomainBody>,
) -> Answer {
    let InPath(DomainRef(domain)) = path;
    let expected_version = seen.expected_version(Some(domain.uuid()));
    let auto_join_role = body.into_inner().auto_join_role.into_change().map(|role| role.map(|name| name.0));
    let command = EditDomain { domain, auto_join_role, expected_version };
    ok_versioned(&DomainResponse::from(caller.execute(command).await?))
}

/// Let go of a domain
///
/// Nobody joins by it any more; who has joined stays.
#[utoipa::path(tag = "domains", operation_id = "remove_domain", params(InDomainPath, IfMatch),
    responses((status = 204, description = "It is the organization's no more")))]
#[delete("/domains/{domain}")]
pub(crate) async fn remove_domain(caller: Caller, path: InDomainPath, seen: IfMatch) -> Answer {
    let InPath(DomainRef(domain)) = path;
    let expected_version = seen.expected_version(Some(domain.uuid()));
    caller.execute(RemoveDomain { domain, expected_version }).await?;
    no_content()
}

/// Verify a domain
///
/// Looks for the record now: without it 422 `domain.record_missing`, 503 when the DNS does not answer, and 429
/// `domain.lookups_under_way` while two of the organization's, or of yours elsewhere, are looked for already. A domain that
/// another organization has verified is refused (409 `domain.taken`). The record has to stay: it is looked for every day, and when it was
/// missing three times in a row the domain is pending again, and lets nobody in.
#[utoipa::path(tag = "domains", operation_id = "verify_domain", params(InDomainPath, IfMatch),
    responses((status = 200, body = DomainResponse, description = "The verified domain")))]
#[post("/domains/{domain}/verify")]
pub(crate) async fn verify_domain(caller: Caller, domains: Data<Domains>, path: InDomainPath, seen: IfMatch) -> Answer {
    let InPath(DomainRef(domain)) = path;
    let expected_version = seen.expected_version(Some(domain.uuid()));
    ok_versioned(&DomainResponse::from(domains.verify(caller.actor(), domain, expected_version).await?))
}
