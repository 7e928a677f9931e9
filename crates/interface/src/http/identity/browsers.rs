//! What browsers get: cookies instead of tokens, and the token that protects them.

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get};
use serde::Serialize;
use tenon_application::AppError;
use tenon_application::identity::{Accounts, SignedIn};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::dto::TokensResponse;
use crate::http::answer::Answer;
use crate::http::caller::Caller;
use crate::http::cookies::{self, AuthMode};
use crate::http::csrf::CsrfTokens;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(get_csrf_token);
}

/// What a page sends along.
#[derive(Serialize, ToSchema)]
#[schema(as = CsrfToken)]
pub(crate) struct CsrfTokenResponse {
    /// Send it as `X-CSRF-Token` with every request but GET and HEAD.
    #[schema(example = "Zm9yIGV4YW1wbGU.c2lnbmF0dXJl")]
    csrf_token: String,
}

/// Get a CSRF token
///
/// For pages that are signed in by cookies. It is set as a cookie, too, and good for the session: ask again after signing
/// in, or when it is refused (403 `auth.csrf_invalid`). Pages of one browser share it.
#[utoipa::path(tag = "auth", operation_id = "get_csrf_token",
    responses((status = 200, body = CsrfTokenResponse, description = "The token of the session")))]
#[get("/auth/csrf")]
pub(crate) async fn get_csrf_token(
    caller: Caller,
    accounts: Data<Accounts>,
    tokens: Data<CsrfTokens>,
    request: HttpRequest,
) -> Answer {
    let session = caller.actor().session()?;
    let kept = cookies::read(request.headers(), cookies::CSRF).filter(|kept| tokens.is_genuine(session, kept));
    // The same one again: another page of this browser may be about to send it.
    let csrf_token = match kept {
        Some(kept) => Some(kept.to_owned()),
        None => tokens.issue(session, &accounts.secrets.random()),
    };
    let csrf_token = csrf_token.ok_or_else(|| AppError::Internal("no CSRF token could be signed".to_owned()))?;
    let cookie = cookies::of_csrf_token(&csrf_token);
    Ok(HttpResponse::Ok().append_header((header::SET_COOKIE, cookie)).json(CsrfTokenResponse { csrf_token }))
}

/// What who signed in is answered: tokens, or cookies that hold them.
pub(super) fn granted(mut answer: HttpResponseBuilder, mode: AuthMode, signed_in: SignedIn) -> Answer {
    if mode == AuthMode::Cookie {
        for cookie in cookies::of_sign_in(&signed_in) {
            answer.append_header((header::SET_COOKIE, cookie));
        }
    }
    Ok(answer.json(TokensResponse::new(signed_in, mode)))
}

/// 204, and no cookies left in the browser that asked with them.
pub(super) fn signed_out(caller: &Caller) -> Answer {
    let mut answer = HttpResponse::NoContent();
    if caller.has_cookie() {
        for cookie in cookies::cleared() {
            answer.append_header((header::SET_COOKIE, cookie));
        }
    }
    Ok(answer.finish())
}
