//! Sessions over HTTP, and the way back into an account that is locked.

use actix_web::web::Data;
use actix_web::{delete, get, post};
use serde::Serialize;
use tenon_application::Unsorted;
use tenon_application::identity::{Accounts, EndOwnSession, ListSessions, SessionView};
use tenon_domain::SessionId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::browsers::signed_out;
use super::credentials::MailedTokenBody;
use crate::http::answer::{Answer, no_content};
use crate::http::body::Body;
use crate::http::caller::{Caller, Visitor};
use crate::http::list::{List, ListBody, Unfiltered};
use crate::http::path::{InPath, id_ref};
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(list_sessions).service(end_session).service(logout_all).service(unlock);
}

type InSessionPath = InPath<SessionRef>;
type SessionList = List<Unfiltered, Unsorted>;

id_ref! {
    /// The session that a path names.
    pub(crate) struct SessionRef(SessionId);
    "session", "The id of one of your sessions."
}

/// One of your sessions.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, example = json!({
    "id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "address": "192.0.2.1",
    "organization_id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "created_at": "2026-11-21T09:30:00.123Z",
    "last_used_at": "2026-11-21T11:15:00.456Z", "expires_at": "2026-12-21T11:15:00.456Z", "current": true,
}))]
pub(crate) struct SessionResponse {
    id: Uuid,
    /// What it was started with, as that called itself (`User-Agent`).
    #[schema(required = true)]
    user_agent: Option<String>,
    /// The IP address it was started from.
    #[schema(required = true)]
    address: Option<String>,
    /// The organization it is in.
    organization_id: Uuid,
    created_at: Moment,
    /// When its tokens were issued last.
    last_used_at: Moment,
    /// When it ends if it is not refreshed before.
    expires_at: Moment,
    /// Whether it is the one that this request belongs to.
    current: bool,
}

impl From<SessionView> for SessionResponse {
    fn from(session: SessionView) -> Self {
        Self {
            id: session.id.into(),
            user_agent: session.user_agent,
            address: session.address,
            organization_id: session.organization_id.into(),
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            current: session.current,
        }
    }
}

/// List your sessions
///
/// Those that live, in whichever organization; the last used first.
#[utoipa::path(tag = "auth", operation_id = "list_sessions", params(SessionList),
    responses((status = 200, body = ListBody<SessionResponse>, description = "A page of sessions")))]
#[get("/auth/sessions")]
pub(crate) async fn list_sessions(caller: Caller, list: SessionList) -> Answer {
    let query = ListSessions { page: list.page.clone() };
    list.answer::<_, SessionResponse>(caller.ask(query).await?)
}

/// End one of your sessions
///
/// At once, on every instance. It may be the one that this request belongs to: a browser that is signed in by cookies
/// forgets them then.
#[utoipa::path(tag = "auth", operation_id = "end_session", params(InSessionPath),
    responses((status = 204, description = "The session has ended")))]
#[delete("/auth/sessions/{session}")]
pub(crate) async fn end_session(caller: Caller, session: InSessionPath) -> Answer {
    let session = session.0.0;
    caller.execute(EndOwnSession { session }).await?;
    if caller.actor().session().is_ok_and(|own| own == session) { signed_out(&caller) } else { no_content() }
}

/// Sign out everywhere
///
/// Ends all your sessions at once, this one too. A browser that is signed in by cookies forgets them.
#[utoipa::path(tag = "auth", operation_id = "logout_all",
    responses((status = 204, description = "All your sessions have ended")))]
#[post("/auth/logout-all")]
pub(crate) async fn logout_all(caller: Caller, accounts: Data<Accounts>) -> Answer {
    accounts.logout_all(caller.actor()).await?;
    signed_out(&caller)
}

/// Unlock signing in
///
/// After too many failed attempts an account takes sign-ins only from addresses that it was signed in to from before
/// (429 `auth.sign_in_locked`). Its owner gets a mail with the token to lift that.
#[utoipa::path(tag = "auth", operation_id = "unlock_sign_in", security(()), request_body = MailedTokenBody,
    responses((status = 204, description = "Signing in is possible again")))]
#[post("/auth/unlock")]
pub(crate) async fn unlock(visitor: Visitor, accounts: Data<Accounts>, body: Body<MailedTokenBody>) -> Answer {
    accounts.unlock(&visitor.actor, &body.into_inner().token).await?;
    no_content()
}
