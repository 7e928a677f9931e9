//! Signing in by an identity provider: what browsers are sent through, and what pages ask.

mod query;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, post};
use serde::{Deserialize, Serialize};
use tenon_application::Unsorted;
use tenon_application::identity::{SignInProvider, SingleSignOn};
use tenon_domain::identity::ProviderKey;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use self::query::{AddressQuery, CallbackQuery, StartQuery};
use super::browsers::granted;
use super::dto::TokensResponse;
use crate::http::answer::Answer;
use crate::http::body::Body;
use crate::http::caller::Visitor;
use crate::http::cookies::{self, AuthMode};
use crate::http::cors::AllowedOrigins;
use crate::http::csrf::check_origin;
use crate::http::list::{List, ListBody};
use crate::http::path::{InPath, PathRef};
use crate::http::problem::Problem;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_sign_in_providers)
        .service(start_oidc_sign_in)
        .service(finish_oidc_sign_in)
        .service(redeem_sign_in_code);
}

type InKeyPath = InPath<ProviderKeyRef>;
type ProviderList = List<AddressQuery, Unsorted>;

/// The provider that a path names: an organization's by its id, the deployment's by their keys.
pub(crate) struct ProviderKeyRef(ProviderKey);

impl PathRef for ProviderKeyRef {
    const SEGMENT: &'static str = "provider";
    const RESOURCE: &'static str = "identity_provider";
    const DESCRIPTION: &'static str = "The id of the provider, as `GET /auth/providers` answers it.";

    fn parse(raw: &str) -> Option<Self> {
        ProviderKey::parse(raw).map(Self)
    }

    fn schema() -> Object {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[a-z0-9-]{1,40}$")).examples(["corp"]).build()
    }
}

/// A provider to sign in by.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInProvider, example = json!({ "id": "0199f8a5-91a3-7c40-a1f1-6d3c1b0e5a27", "name": "Staff" }))]
pub(crate) struct SignInProviderResponse {
    /// The `{provider}` of `GET /auth/oidc/{provider}/start`.
    id: String,
    name: String,
}

impl From<SignInProvider> for SignInProviderResponse {
    fn from(provider: SignInProvider) -> Self {
        Self { id: provider.key, name: provider.name }
    }
}

/// What a page got behind its `#`.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInCodeBody {
    #[schema(example = "tenon_sic_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4YW1wbGU")]
    code: String,
}

/// List the ways to sign in
///
/// The identity providers of the deployment and, for an address whose domain an organization has verified, those of that
/// organization. Whether there is an account with the address changes nothing.
#[utoipa::path(tag = "auth", operation_id = "list_sign_in_providers", security(()), params(ProviderList),
    responses(
        (status = 200, body = ListBody<SignInProviderResponse>, description = "A page of providers, which may be none")))]
#[get("/auth/providers")]
pub(crate) async fn list_sign_in_providers(
    _visitor: Visitor,
    service: Data<SingleSignOn>,
    list: ProviderList,
) -> Answer {
    let providers = service.providers_for(list.filter.email.as_deref()).await?;
    list.answer_from::<_, SignInProviderResponse>(providers.into_iter())
}

/// Send a browser to an identity provider
///
/// For the address bar, not for `fetch`. When the person has signed in there, the browser comes back to `return_to` with
/// `#sign_in_code=…`, which `POST /auth/oidc/token` takes, or with `#error=…` and a code such as `auth.oidc_denied`,
/// `auth.oidc_away`, `auth.oidc_no_account` or `rate_limited`.
#[utoipa::path(tag = "auth", operation_id = "start_oidc_sign_in", security(()), params(InKeyPath, StartQuery),
    responses((status = 302, description = "To the provider, or back to the page with an error")))]
#[get("/auth/oidc/{provider}/start")]
pub(crate) async fn start_oidc_sign_in(
    _visitor: Visitor,
    service: Data<SingleSignOn>,
    origins: Data<AllowedOrigins>,
    path: InKeyPath,
    query: StartQuery,
) -> Answer {
    let InPath(ProviderKeyRef(key)) = path;
    let page = origins.page(query.return_to.as_deref().unwrap_or("/")).ok_or_else(|| {
        let detail = "`return_to` is a path of the front end, or a page of an origin that may use the API.";
        Problem::bad_request("auth.foreign_page", detail)
    })?;
    if !SingleSignOn::can_return_to(&page) {
        let detail = "`return_to` is too long: with its percent signs it has at most 2000 characters.";
        return Err(Problem::bad_request("auth.page_too_long", detail));
    }
    let departure = service.start(&key, page).await?;
    let cookie = departure.transaction.as_deref().map(cookies::of_departure);
    sent(departure.location, cookie)
}

/// Take a browser back from an identity provider
///
/// Where this provider sends it, and no other, whatever it has to say. It is sent on to the page where it started.
#[utoipa::path(tag = "auth", operation_id = "finish_oidc_sign_in", security(()), params(InKeyPath, CallbackQuery),
    responses((status = 302, description = "To the page, with a sign-in code or an error behind its `#`")))]
#[get("/auth/oidc/{provider}/callback")]
pub(crate) async fn finish_oidc_sign_in(
    visitor: Visitor,
    service: Data<SingleSignOn>,
    path: InKeyPath,
    request: HttpRequest,
    query: CallbackQuery,
) -> Answer {
    let InPath(ProviderKeyRef(key)) = path;
    let sealed = cookies::read(request.headers(), cookies::OIDC);
    let back = service.finish(&visitor.actor, &key, sealed, &query.0).await;
    let cookie = back.browser.as_deref().map(cookies::of_return);
    sent(back.location, [Some(cookies::departure_over()), cookie].into_iter().flatten())
}

/// Sign in with a sign-in code
///
/// Once, within a minute, and from the browser that came back with it, whose cookie goes along. The answer is that of
/// `POST /auth/login`: who has a second factor is asked for a code of that (401 `mfa_required`).
#[utoipa::path(tag = "auth", operation_id = "redeem_sign_in_code", security(()), params(AuthMode),
    request_body = SignInCodeBody, responses((status = 200, body = TokensResponse, description = "Signed in")))]
#[post("/auth/oidc/token")]
pub(crate) async fn redeem_sign_in_code(
    visitor: Visitor,
    service: Data<SingleSignOn>,
    mode: AuthMode,
    request: HttpRequest,
    body: Body<SignInCodeBody>,
) -> Answer {
    // It is the cookie that shows which browser asks, however it wants its tokens.
    check_origin(&request)?;
    let browser = cookies::read(request.headers(), cookies::SIGN_IN);
    let signed_in = service.redeem(&visitor.actor, &body.into_inner().code, browser).await?;
    let mut answer = HttpResponse::Ok();
    answer.append_header((header::SET_COOKIE, cookies::sign_in_over()));
    granted(answer, mode, signed_in)
}

/// 302 for a browser that came too often, to where it is told everything else that goes wrong.
pub(crate) fn turned_back(request: &HttpRequest) -> HttpResponse {
    let (service, origins) = (request.app_data::<Data<SingleSignOn>>(), request.app_data::<Data<AllowedOrigins>>());
    let (Some(service), Some(origins)) = (service, origins) else {
        return HttpResponse::TooManyRequests().finish();
    };
    let named = StartQuery::page_of(request).and_then(|page| origins.page(&page));
    let location = service.turned_back(named, cookies::read(request.headers(), cookies::OIDC));
    HttpResponse::Found().insert_header((header::LOCATION, location)).finish()
}

/// 302, with these cookies.
fn sent(location: String, cookies: impl IntoIterator<Item = String>) -> Answer {
    let mut answer = HttpResponse::Found();
    answer.insert_header((header::LOCATION, location));
    for cookie in cookies {
        answer.append_header((header::SET_COOKIE, cookie));
    }
    Ok(answer.finish())
}
