//! Accounts and sessions over HTTP.

mod account;
mod browsers;
mod credentials;
mod dto;
mod identities;
mod mfa;
mod passkey_sign_in;
mod passkeys;
mod proof;
mod sessions;
pub(super) mod single_sign_on;
mod tokens;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use tenon_application::identity::{Accounts, EditProfile, FindProfile};
use tenon_application::{AppError, Denial};
use tenon_domain::identity::Password;
use utoipa_actix_web::service_config::ServiceConfig;

use self::browsers::{granted, signed_out};
use self::dto::{
    AcceptInvitationBody, LoginBody, RefreshBody, RegisterBody, SwitchOrganizationBody, TokensResponse,
    UpdateProfileBody, UserResponse,
};
pub(crate) use self::passkeys::PasskeyAnswerBody;
pub(crate) use self::proof::answer_of;
pub(crate) use self::tokens::{
    CreateTokenBody, InTokenPath, NewTokenResponse, ScopeName, TokenRef, TokenResponse, issued,
};
use super::BASE_PATH;
use super::answer::{Answer, ok_unless_held, ok_versioned};
use super::authentication::Refusal;
use super::body::Body;
use super::caller::{Caller, Visitor};
use super::conditional::{IfMatch, IfNoneMatch};
use super::cookies::{self, AuthMode};
use super::problem::Problem;
use super::rate_limit::{ActiveLimits, check_session};
use super::services::HttpServices;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(register)
        .service(login)
        .service(refresh)
        .service(logout)
        .service(switch_organization)
        .service(accept_invitation)
        .service(get_profile)
        .service(update_profile)
        .configure(account::configure)
        .configure(browsers::configure)
        .configure(credentials::configure)
        .configure(mfa::configure)
        .configure(passkey_sign_in::configure)
        .configure(passkeys::configure)
        .configure(proof::configure)
        .configure(tokens::configure)
        .configure(sessions::configure)
        .configure(single_sign_on::configure)
        .configure(identities::configure);
}

/// Register
///
/// Creates an account and founds an organization with it. Where addresses have to be verified, a link is mailed; without
/// it this session goes on, but nobody signs in again.
#[utoipa::path(tag = "auth", operation_id = "register", security(()), params(AuthMode), request_body = RegisterBody,
    responses((status = 201, body = TokensResponse, description = "The account exists, and is signed in")))]
#[post("/auth/register")]
pub(crate) async fn register(
    visitor: Visitor,
    accounts: Data<Accounts>,
    mode: AuthMode,
    body: Body<RegisterBody>,
) -> Answer {
    // The domain's word for the name of an organization is `name`.
    let renamed = |error: AppError| Problem::from(error).renaming("name", "organization_name");
    let signed_in = accounts.register(&visitor.actor, body.into_inner().into_input()).await.map_err(renamed)?;
    let mut answer = HttpResponse::Created();
    answer.insert_header((header::LOCATION, format!("{BASE_PATH}/users/me")));
    granted(answer, mode, signed_in)
}

/// Sign in
///
/// Into the organization of the last session. The answer does not tell an unknown address from a wrong password. After
/// a few wrong ones, each costs a longer pause (429 `auth.too_many_attempts`); after very many for one account, it has
/// to be unlocked (429 `auth.sign_in_locked`). Where addresses have to be verified, the right password is not enough
/// before that (401 `auth.unverified_email`). Of who has a second factor it asks that: 401 `mfa_required`, whose
/// `mfa_token` goes with one of its `methods` to `POST /auth/mfa/verify`. Only who has proved who they are hears that
/// they are suspended wherever they belong (403 `auth.suspended`), or that the operator has deactivated them (403
/// `auth.deactivated`).
#[utoipa::path(tag = "auth", operation_id = "login", security(()), params(AuthMode), request_body = LoginBody,
    responses((status = 200, body = TokensResponse, description = "Signed in")))]
#[post("/auth/login")]
pub(crate) async fn login(visitor: Visitor, accounts: Data<Accounts>, mode: AuthMode, body: Body<LoginBody>) -> Answer {
    let LoginBody { email, password } = body.into_inner();
    let signed_in = accounts.login(&visitor.actor, &email, Password::attempt(password)).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}

/// Refresh the tokens
///
/// Spends the refresh token for the next one. If the answer was lost, sending the same token again within ten seconds gives
/// the same next one. A token that was spent before ends its session (`auth.refresh_token_reused`): somebody may have
/// copied it. Who is suspended wherever they belong is told so (403 `auth.suspended`). With `X-Auth-Mode: cookie` it is taken
/// from its cookie, and the body is `{}`.
#[utoipa::path(tag = "auth", operation_id = "refresh", security(()), params(AuthMode), request_body = RefreshBody,
    responses((status = 200, body = TokensResponse, description = "New tokens")))]
#[post("/auth/refresh")]
pub(crate) async fn refresh(
    visitor: Visitor,
    accounts: Data<Accounts>,
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    mode: AuthMode,
    request: HttpRequest,
    body: Body<RefreshBody>,
) -> Answer {
    let given = body.into_inner().refresh_token;
    let cookie = |name: &str| cookies::read(request.headers(), name);
    let has_cookie = cookie(cookies::ACCESS).or(cookie(cookies::REFRESH)).is_some();
    if given.is_some() && (has_cookie || mode == AuthMode::Cookie) {
        return Err(Refusal::MixedCredentials.into());
    }
    let token = match mode {
        AuthMode::Body => given,
        AuthMode::Cookie => cookie(cookies::REFRESH).map(str::to_owned),
    };
    let token = token.ok_or(AppError::Unauthenticated(Denial::MissingRefreshToken))?;
    if let Some(session) = accounts.session_of(&token) {
        check_session(&request, *limits.get_ref(), &services, session).await?;
    }
    let signed_in = accounts.refresh(&visitor.actor, &token).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}

/// Sign out
///
/// Ends the session at once, on every instance. A browser that is signed in by cookies forgets them.
#[utoipa::path(tag = "auth", operation_id = "logout",
    responses((status = 204, description = "The session has ended")))]
#[post("/auth/logout")]
pub(crate) async fn logout(caller: Caller, accounts: Data<Accounts>) -> Answer {
    accounts.logout(caller.actor()).await?;
    signed_out(&caller)
}

/// Go on in another organization
///
/// One you belong to. The session's refresh token is replaced. Who is signed in by cookies gets cookies.
#[utoipa::path(tag = "auth", operation_id = "switch_organization", params(AuthMode),
    request_body = SwitchOrganizationBody,
    responses((status = 200, body = TokensResponse, description = "Tokens for the other organization")))]
#[post("/auth/switch-organization")]
pub(crate) async fn switch_organization(
    caller: Caller,
    accounts: Data<Accounts>,
    mode: AuthMode,
    body: Body<SwitchOrganizationBody>,
) -> Answer {
    // A script in the page must not get at tokens by leaving a header out.
    let mode = if caller.has_cookie() { AuthMode::Cookie } else { mode };
    let organization = body.into_inner().organization_id.into();
    let signed_in = accounts.switch_organization(caller.actor(), organization).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}

/// Accept an invitation
///
/// With a new account, or with the password of the account that the invited address has. If that has a second factor,
/// it goes on like signing in (401 `mfa_required`), and who is deactivated stays out (403 `auth.deactivated`).
#[utoipa::path(tag = "invitations", operation_id = "accept_invitation", security(()), params(AuthMode),
    request_body = AcceptInvitationBody,
    responses((status = 200, body = TokensResponse, description = "A member of the organization, and signed in")))]
#[post("/invitations/accept")]
pub(crate) async fn accept_invitation(
    visitor: Visitor,
    accounts: Data<Accounts>,
    mode: AuthMode,
    body: Body<AcceptInvitationBody>,
) -> Answer {
    let signed_in = accounts.accept_invitation(&visitor.actor, body.into_inner().into_input()?).await?;
    granted(HttpResponse::Ok(), mode, signed_in)
}

/// Read your account
///
/// Whatever organization you are in.
#[utoipa::path(tag = "users", operation_id = "get_profile", params(IfNoneMatch),
    responses((status = 200, body = UserResponse, description = "Your account")))]
#[get("/users/me")]
pub(crate) async fn get_profile(caller: Caller, held: IfNoneMatch) -> Answer {
    ok_unless_held(&held, &UserResponse::from(caller.ask(FindProfile).await?))
}

/// Change your account
///
/// Your address and your password have operations of their own, which ask for the password.
#[utoipa::path(tag = "users", operation_id = "update_profile", params(IfMatch), request_body = UpdateProfileBody,
    responses((status = 200, body = UserResponse, description = "Your account as it is now")))]
#[patch("/users/me")]
pub(crate) async fn update_profile(caller: Caller, seen: IfMatch, body: Body<UpdateProfileBody>) -> Answer {
    let expected_version = seen.expected_version(caller.actor().user_id().map(Into::into));
    let command = EditProfile { display_name: body.into_inner().into_display_name()?, expected_version };
    ok_versioned(&UserResponse::from(caller.execute(command).await?))
}
