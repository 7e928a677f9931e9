//! Personal access tokens over HTTP: one's own.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::identity::{Accounts, FindToken, IssuedToken, ListTokens, RevokeToken, TokenInput, TokenView};
use tenon_application::{AppError, Unsorted};
use tenon_domain::access::Scope;
use tenon_domain::identity::{PersonalAccessToken, TokenName};
use tenon_domain::{TokenId, Version};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::answer::{Answer, created, no_content, ok_unless_held};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::conditional::{IfMatch, IfNoneMatch, Versioned, versioned};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::validation::checks;
use crate::http::wire::{Moment, wire_enum};

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_tokens).service(create_token).service(get_token).service(revoke_token);
}

pub(crate) type InTokenPath = InPath<TokenRef>;
type TokenList = List<Unfiltered, Unsorted>;

wire_enum! {
    /// What a token lets a program do: each narrows what its owner may do to one kind of thing. Writing includes
    /// reading.
    ScopeName, "Scope", Scope
}

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
    "version": 1, "created_at": "2026-11-21T09:30:00.123Z", "expires_at": null,
    "last_used_at": "2026-11-21T11:15:00.456Z",
}))]
pub(crate) struct TokenResponse {
    id: Uuid,
    name: String,
    scopes: Vec<ScopeName>,
    /// Whom it acts for.
    owner_id: Uuid,
    owner_name: String,
    /// Always 1: a token is revoked, and not changed.
    version: i64,
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
            version: PersonalAccessToken::VERSION,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.map(Into::into),
            last_used_at: token.last_used_at.map(Into::into),
        }
    }
}

// When it was used, and the name of its owner.
versioned!(TokenResponse: id, variant);

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

impl Versioned for NewTokenResponse {
    fn id(&self) -> Uuid {
        self.about.id()
    }

    fn version(&self) -> Version {
        self.about.version()
    }

    fn variant(&self) -> Option<String> {
        self.about.variant()
    }
}

/// The answer to a token that was made. It is found again below this path.
pub(crate) fn issued(token: IssuedToken, collection: &str) -> Answer {
    created(collection, &NewTokenResponse { about: token.token.into(), token: token.text.expose().to_owned() })
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
/// have 50 of them. Where addresses have to be verified, yours has to be (401 `auth.unverified_email`).
#[utoipa::path(tag = "tokens", operation_id = "create_token", request_body = CreateTokenBody,
    responses((status = 201, body = NewTokenResponse, description = "The new token")))]
#[post("/users/me/tokens")]
pub(crate) async fn create_token(caller: Caller, accounts: Data<Accounts>, body: Body<CreateTokenBody>) -> Answer {
    let input = body.into_inner().into_input()?;
    issued(accounts.create_token(caller.actor(), input).await?, "/users/me/tokens")
}

/// Read one of your tokens
///
/// Without the token itself, which was shown once.
#[utoipa::path(tag = "tokens", operation_id = "get_token", params(InTokenPath, IfNoneMatch),
    responses((status = 200, body = TokenResponse, description = "The token")))]
#[get("/users/me/tokens/{token}")]
pub(crate) async fn get_token(caller: Caller, path: InTokenPath, held: IfNoneMatch) -> Answer {
    let InPath(TokenRef(token)) = path;
    ok_unless_held(&held, &TokenResponse::from(caller.ask(FindToken { token }).await?))
}

/// Revoke one of your tokens
///
/// It is worthless at once, on every instance.
#[utoipa::path(tag = "tokens", operation_id = "revoke_token", params(InTokenPath, IfMatch),
    responses((status = 204, description = "It is worthless")))]
#[delete("/users/me/tokens/{token}")]
pub(crate) async fn revoke_token(caller: Caller, path: InTokenPath, seen: IfMatch) -> Answer {
    let InPath(TokenRef(token)) = path;
    caller.execute(RevokeToken { token, expected_version: seen.expected_version(Some(token.uuid())) }).await?;
    no_content()
}
