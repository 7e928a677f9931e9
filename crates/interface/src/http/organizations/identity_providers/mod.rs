//! The identity providers of an organization over HTTP.

mod dto;
mod response;

use actix_web::web::Data;
use actix_web::{delete, get, patch, post};
use tenon_application::Unsorted;
use tenon_application::identity::{
    CreateIdentityProvider, FindIdentityProvider, ListIdentityProviders, RemoveIdentityProvider, SingleSignOn,
};
use tenon_domain::IdentityProviderId;
use utoipa_actix_web::service_config::ServiceConfig;

use self::dto::{CreateIdentityProviderBody, UpdateIdentityProviderBody};
use self::response::IdentityProviderResponse;
use crate::http::answer::{Answer, created, no_content, ok_unless_held, ok_versioned};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_identity_providers)
        .service(create_identity_provider)
        .service(get_identity_provider)
        .service(update_identity_provider)
        .service(delete_identity_provider);
}

type InProviderPath = InPath<ProviderRef>;
type ProviderList = List<Unfiltered, Unsorted>;

id_ref! {
    /// The identity provider that a path names.
    pub(crate) struct ProviderRef(IdentityProviderId);
    "identity_provider", "The id of the identity provider."
}

/// List the identity providers
///
/// Those of this organization, the newest first. Nobody reads their client secrets.
#[utoipa::path(tag = "identity-providers", operation_id = "list_identity_providers", params(ProviderList),
    responses((status = 200, body = ListBody<IdentityProviderResponse>, description = "A page of providers")))]
#[get("/identity-providers")]
pub(crate) async fn list_identity_providers(caller: Caller, service: Data<SingleSignOn>, list: ProviderList) -> Answer {
    let query = ListIdentityProviders { page: list.page.clone() };
    let found = caller.ask(query).await?.map(|provider| IdentityProviderResponse::new(provider, &service));
    list.answer::<_, IdentityProviderResponse>(found)
}

/// Add an identity provider
///
/// It vouches for addresses of its `domains`, as far as the organization has verified them. Who comes by it signs in to
/// this organization; with `provisioning`, they get an account and become a member when they first come. Nobody
/// is sent there before one of the domains is verified. Register the `redirect_uri` of the answer there, which is that of this
/// provider alone. It takes a session, no personal access token, and no `Idempotency-Key`, with which a digest of the client
/// secret would be kept.
#[utoipa::path(tag = "identity-providers", operation_id = "create_identity_provider",
    request_body = CreateIdentityProviderBody,
    responses((status = 201, body = IdentityProviderResponse, description = "The new provider")))]
#[post("/identity-providers")]
pub(crate) async fn create_identity_provider(
    caller: Caller,
    service: Data<SingleSignOn>,
    body: Body<CreateIdentityProviderBody>,
) -> Answer {
    let command = CreateIdentityProvider { input: body.into_inner().into_input()?, cipher: service.cipher.clone() };
    created("/identity-providers", &IdentityProviderResponse::new(caller.execute(command).await?, &service))
}

/// Read an identity provider
///
/// Also with its `redirect_uri`, and without its client secret, which nobody reads.
#[utoipa::path(tag = "identity-providers", operation_id = "get_identity_provider",
    params(InProviderPath, IfNoneMatch),
    responses((status = 200, body = IdentityProviderResponse, description = "The provider")))]
#[get("/identity-providers/{identity_provider}")]
pub(crate) async fn get_identity_provider(
    caller: Caller,
    service: Data<SingleSignOn>,
    path: InProviderPath,
    held: IfNoneMatch,
) -> Answer {
    let InPath(ProviderRef(provider)) = path;
    let found = caller.ask(FindIdentityProvider { provider }).await?;
    ok_unless_held(&held, &IdentityProviderResponse::new(found, &service))
}

/// Change an identity provider
///
/// Lists are replaced as a whole. Another `issuer` needs a client secret of its own, or `null`. With `group_roles`, the
/// role of a member is that of their groups again each time they come, unless they are an owner.
#[utoipa::path(tag = "identity-providers", operation_id = "update_identity_provider",
    params(InProviderPath, IfMatch), request_body = UpdateIdentityProviderBody,
    responses((status = 200, body = IdentityProviderResponse, description = "The provider as it is now")))]
#[patch("/identity-providers/{identity_provider}")]
pub(crate) async fn update_identity_provider(
    caller: Caller,
    service: Data<SingleSignOn>,
    path: InProviderPath,
    seen: IfMatch,
    body: Body<UpdateIdentityProviderBody>,
) -> Answer {
    let InPath(ProviderRef(provider)) = path;
    let expected_version = seen.expected_version(Some(provider.uuid()));
    let command = body.into_inner().into_command(provider, expected_version, service.cipher.clone())?;
    ok_versioned(&IdentityProviderResponse::new(caller.execute(command).await?, &service))
}

/// Delete an identity provider
///
/// Who came by it signs in otherwise from now on: people without a password can set one. Sessions go on.
#[utoipa::path(tag = "identity-providers", operation_id = "delete_identity_provider",
    params(InProviderPath, IfMatch), responses((status = 204, description = "It vouches for nobody any more")))]
#[delete("/identity-providers/{identity_provider}")]
pub(crate) async fn delete_identity_provider(caller: Caller, path: InProviderPath, seen: IfMatch) -> Answer {
    let InPath(ProviderRef(provider)) = path;
    let expected_version = seen.expected_version(Some(provider.uuid()));
    caller.execute(RemoveIdentityProvider { provider, expected_version }).await?;
    no_content()
}
