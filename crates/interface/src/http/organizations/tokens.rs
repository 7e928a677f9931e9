//! Personal access tokens over HTTP: everybody's, for those who manage them.

use actix_web::{delete, get};
use tenon_application::Unsorted;
use tenon_application::identity::{FindOrganizationToken, ListOrganizationTokens, RevokeOrganizationToken};
use tenon_domain::UserId;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::answer::{Answer, no_content, ok_unless_held};
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch};
use crate::http::identity::{InTokenPath, TokenRef, TokenResponse};
use crate::http::list::{Filter, List, ListBody};
use crate::http::path::InPath;
use crate::http::query::{self, Params};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_organization_tokens).service(get_organization_token).service(revoke_organization_token);
}

type OrganizationTokenList = List<TokenFilter, Unsorted>;

/// Which tokens a list shows.
pub(crate) struct TokenFilter {
    owner: Option<UserId>,
}

impl Filter for TokenFilter {
    fn read(params: &mut Params) -> Self {
        Self { owner: params.one("owner_id", "Only tokens of this user or service account.", &query::id()) }
    }
}

/// List everybody's tokens
///
/// Those for the organization you are in, the newest first. Owners and admins may see and revoke them.
#[utoipa::path(tag = "tokens", operation_id = "list_organization_tokens", params(OrganizationTokenList),
    responses((status = 200, body = ListBody<TokenResponse>, description = "A page of tokens")))]
#[get("/organizations/current/tokens")]
pub(crate) async fn list_organization_tokens(caller: Caller, list: OrganizationTokenList) -> Answer {
    let query = ListOrganizationTokens { owner: list.filter.owner, page: list.page.clone() };
    list.answer::<_, TokenResponse>(caller.ask(query).await?)
}

/// Read anybody's token
///
/// Of whoever in the organization it is, without the token itself.
#[utoipa::path(tag = "tokens", operation_id = "get_organization_token", params(InTokenPath, IfNoneMatch),
    responses((status = 200, body = TokenResponse, description = "The token")))]
#[get("/organizations/current/tokens/{token}")]
pub(crate) async fn get_organization_token(caller: Caller, path: InTokenPath, held: IfNoneMatch) -> Answer {
    let InPath(TokenRef(token)) = path;
    ok_unless_held(&held, &TokenResponse::from(caller.ask(FindOrganizationToken { token }).await?))
}

/// Revoke anybody's token
///
/// It is worthless at once, on every instance. Who may do more than you has to revoke theirs, or somebody as strong.
#[utoipa::path(tag = "tokens", operation_id = "revoke_organization_token", params(InTokenPath, IfMatch),
    responses((status = 204, description = "It is worthless")))]
#[delete("/organizations/current/tokens/{token}")]
pub(crate) async fn revoke_organization_token(caller: Caller, path: InTokenPath, seen: IfMatch) -> Answer {
    let InPath(TokenRef(token)) = path;
    let expected_version = seen.expected_version(Some(token.uuid()));
    caller.execute(RevokeOrganizationToken { token, expected_version }).await?;
    no_content()
}
