//! Which identity providers vouch for oneself.

use actix_web::{delete, get};
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::identity::{ExternalIdentityView, ListOwnIdentities, RemoveOwnIdentity};
use tenon_domain::ExternalIdentityId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::http::answer::{Answer, no_content};
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_identities).service(remove_identity);
}

type InIdentityPath = InPath<IdentityRef>;
type IdentityList = List<Unfiltered, Unsorted>;

id_ref! {
    /// The external identity that a path names.
    pub(crate) struct IdentityRef(ExternalIdentityId);
    "identity", "The id of the identity."
}

/// Who you are to an identity provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity, example = json!({
    "id": "0199f8a5-a0c4-7d1e-8f02-93b7c5d1e6a4", "provider": "0199f8a5-91a3-7c40-a1f1-6d3c1b0e5a27",
    "issuer": "https://login.example.com", "subject": "248289761001",
    "created_at": "2026-11-21T09:30:00.123Z", "last_used_at": "2026-11-21T11:15:00.456Z",
}))]
pub(crate) struct IdentityResponse {
    id: Uuid,
    /// The `{provider}` of `GET /auth/oidc/{provider}/start`.
    provider: String,
    issuer: String,
    /// What the provider calls you.
    subject: String,
    created_at: Moment,
    last_used_at: Moment,
}

impl From<ExternalIdentityView> for IdentityResponse {
    fn from(identity: ExternalIdentityView) -> Self {
        Self {
            id: identity.id.into(),
            provider: identity.provider,
            issuer: identity.issuer,
            subject: identity.subject,
            created_at: identity.created_at.into(),
            last_used_at: identity.last_used_at.into(),
        }
    }
}

/// List your identities
///
/// By which identity providers you sign in, the newest first.
#[utoipa::path(tag = "users", operation_id = "list_identities", params(IdentityList),
    responses((status = 200, body = ListBody<IdentityResponse>, description = "A page of identities")))]
#[get("/users/me/identities")]
pub(crate) async fn list_identities(caller: Caller, list: IdentityList) -> Answer {
    let query = ListOwnIdentities { page: list.page.clone() };
    list.answer::<_, IdentityResponse>(caller.ask(query).await?)
}

/// Give up an identity
///
/// You do not sign in by that provider any more, unless you come by it again with a verified address. Not the last way to
/// sign in: set a password first (409 `identity.last_sign_in_method`).
#[utoipa::path(tag = "users", operation_id = "remove_identity", params(InIdentityPath),
    responses((status = 204, description = "The provider does not vouch for you any more")))]
#[delete("/users/me/identities/{identity}")]
pub(crate) async fn remove_identity(caller: Caller, path: InIdentityPath) -> Answer {
    let InPath(IdentityRef(identity)) = path;
    caller.execute(RemoveOwnIdentity { identity }).await?;
    no_content()
}
