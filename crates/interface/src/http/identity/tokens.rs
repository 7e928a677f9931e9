//! Personal access tokens over HTTP: one's own.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::identity::{Accounts, FindToken, IssuedToken, ListTokens, RevokeToken, TokenInput, TokenView};
use tenon_application::{AppError, Unsorted};
use tenon_domain::TokenId;
use tenon_domain::access::Scope;
use tenon_domain::identity::{PersonalAccessToken, TokenName};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::BASE_PATH;
use crate::http::answer::{Answer, no_content, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_tokens).service(create_token).service(get_token).service(revoke_token);
}

pub(crate) type InTokenPath = InPath<TokenRef>;
type TokenList = List<Unfiltered, Unsorted>;

wire_enum!(ScopeName, "Scope", Scope);

checks! {
    name: str => TokenName::parse;
    scopes: [ScopeName] => |given: &[ScopeName]| {
        PersonalAccessToken::check_scopes(given.iter().map(|name| name.0).collect())
    };
}

id_ref! {
    /// The token that a path names.
    pub(crate) struct TokenRef(pub(crate) TokenId);
    "token", "The id of the token."
}

/// What a new token is to be called, and what it is to be good for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Nightly import", "scopes": ["tasks:write", "projects:read"], "expires_at": null,
}))]
pub(crate) struct CreateTokenBody {
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    /// Each narrows what its owner may do to one kind of thing. Writing includes reading.
    #[validate(custom(function = "check::scopes"))]
    #[schema(min_items = 1)]
    scopes: Vec<ScopeName>,
    /// At most five years ahead. Without it the token is good until it is revoked.
    expires_at: Option<Moment>,
}

impl CreateTokenBody {
    pub(crate) fn into_input(self) -> Result<TokenInput, AppError> {
        Ok(TokenInput {
            name: TokenName::parse(&self.name)?,
            scopes: self.scopes.iter().map(|name| name.0).collect(),
            expires_at: self.expires_at.map(Into::into),
        })
    }
}

/// A personal access token, without the token itself.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonalAccessToken, example = json!({
    "id": "0199f8a4-2b63-7b8f-9ca9-7e51d3624fbb", "name": "Nightly import", "scopes": ["tasks:write", "projects:read"],
    "owner_id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "owner_name": "Ada Lovelace",
    "created_at": "2026-11-21T09:30:00.123Z", "expires_at": null, "last_used_at": "2026-11-21T11:15:00.456Z",
}))]
pub(crate) struct TokenResponse {
    id: Uuid,
    name: String,
    scopes: Vec<ScopeName>,
    /// Whom it acts for.
    owner_id: Uuid,
    owner_name: String,
    created_at: Moment,
    #[schema(required = true)]
    expires_at: Option<Moment>,
    /// To the minute.
    #[schema(required = true)]
    last_used_at: Option<Moment>,
}

impl From<TokenView> for TokenResponse {
    fn from(token: TokenView) -> Self {
        Self {
            id: token.id.into(),
            name: token.name,
            scopes: token.scopes.iter().map(Into::into).collect(),
            owner_id: token.owner_id.into(),
            owner_name: token.owner_name,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Into::into),
            last_used_at: token.last_used_at.map(Into::into),
        }
    }
}

/// A new personal access token. The token itself is shown only this once.
#[derive(Serialize, ToSchema)]
#[schema(as = NewPersonalAccessToken)]
pub(crate) struct NewTokenResponse {
    #[serde(flatten)]
    about: TokenResponse,
    /// Send it as `Authorization: Bearer <token>`.
    #[schema(example = "tenon_pat_03Fh6JqzZfQyP4w9sXbLkT0u5mVnR8cEdG2aHi7oKpYrNtBjWvUxQ1SlMzC0A9e4iD0cVq1Z")]
    token: String,
}

/// The answer to a token that was made. It is found again below this path.
pub(crate) fn issued(token: IssuedToken, collection: &str) -> Answer {
    let location = format!("{BASE_PATH}{collection}/{}", token.token.id);
    let body = NewTokenResponse { about: token.token.into(), token: token.text.expose().to_owned() };
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).json(body))
}

/// List your tokens
///
/// Those for the organization you are in, the newest first. Tokens that were revoked are gone.
#[utoipa::path(tag = "tokens", operation_id = "list_tokens", params(TokenList),
    responses((status = 200, body = ListBody<TokenResponse>, description = "A page of tokens")))]
#[get("/users/me/tokens")]
pub(crate) async fn list_tokens(caller: Caller, list: TokenList) -> Answer {
    let query = ListTokens { page: list.page.clone() };
    list.answer::<_, TokenResponse>(caller.ask(query).await?)
}

/// Create a token
///
/// For the organization you are in. With it a program can do what you can do there, as far as its scopes go. You can
/// have 50 of them.
#[utoipa::path(tag = "tokens", operation_id = "create_token", request_body = CreateTokenBody,
    responses((status = 201, body = NewTokenResponse, description = "The new token")))]
#[post("/users/me/tokens")]
pub(crate) async fn create_token(caller: Caller, accounts: Data<Accounts>, body: Body<CreateTokenBody>) -> Answer {
    let input = body.into_inner().into_input()?;
    issued(accounts.create_token(caller.actor(), input).await?, "/users/me/tokens")
}

/// Read one of your tokens
#[utoipa::path(tag = "tokens", operation_id = "get_token", params(InTokenPath),
    responses((status = 200, body = TokenResponse, description = "The token")))]
#[get("/users/me/tokens/{token}")]
pub(crate) async fn get_token(caller: Caller, path: InTokenPath) -> Answer {
    let InPath(TokenRef(token)) = path;
    ok(&TokenResponse::from(caller.ask(FindToken { token }).await?))
}

/// Revoke one of your tokens
///
/// It is worthless at once, on every instance.
#[utoipa::path(tag = "tokens", operation_id = "revoke_token", params(InTokenPath),
    responses((status = 204, description = "It is worthless")))]
#[delete("/users/me/tokens/{token}")]
pub(crate) async fn revoke_token(caller: Caller, path: InTokenPath) -> Answer {
    let InPath(TokenRef(token)) = path;
    caller.execute(RevokeToken { token }).await?;
    no_content()
}
