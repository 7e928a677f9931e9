//! Accounts and sessions in JSON.

use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::identity::{AcceptInvitationInput, RegisterInput, SignedIn, UserView};
use tenon_domain::identity::{DisplayName, Password};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use crate::http::conditional::versioned;
use crate::http::cookies::AuthMode;
use crate::http::merge_patch::not_null;
use crate::http::organizations::OrganizationResponse;
use crate::http::validation::checks;
use crate::http::wire::Moment;

checks! {
    display_name: str => DisplayName::parse;
}

/// What a new account is made of. The rules for the password look at the other fields, so all are checked together.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "email": "ada@example.com", "password": "a long enough secret", "display_name": "Ada Lovelace",
    "organization_name": "Analytical Engines",
}))]
pub(crate) struct RegisterBody {
    #[schema(format = Email, max_length = 254, pattern = "email")]
    email: String,
    /// Not easy to guess, and without your name or address in it.
    #[schema(format = Password, min_length = 10, max_length = 128)]
    password: String,
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    display_name: String,
    /// The organization that is founded with it.
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    organization_name: String,
}

impl RegisterBody {
    pub(super) fn into_input(self) -> RegisterInput {
        RegisterInput {
            email: self.email,
            password: Password::attempt(self.password),
            display_name: self.display_name,
            organization_name: self.organization_name,
        }
    }
}

/// How to sign in. Neither field is checked for form: a wrong one is just wrong.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "ada@example.com", "password": "a long enough secret" }))]
pub(crate) struct LoginBody {
    pub(super) email: String,
    #[schema(format = Password)]
    pub(super) password: String,
}

/// A refresh token to spend. An empty object if it is in a cookie.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshBody {
    #[schema(example = "tenon_rt_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4YW1wbGU")]
    pub(super) refresh_token: Option<String>,
}

/// Where to go on.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchOrganizationBody {
    #[schema(example = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66")]
    pub(super) organization_id: Uuid,
}

/// An invitation's token, with a new account or the password of the existing one.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "token": "AZn4omweZm9yIGV4YW1wbGU", "display_name": "Grace Hopper", "password": "a long enough secret",
}))]
pub(crate) struct AcceptInvitationBody {
    token: String,
    /// Needed for a new account.
    #[validate(custom(function = "check::display_name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    display_name: Option<String>,
    /// Of the account of the invited address; for a new account, one that follows the rules for registering.
    #[schema(format = Password)]
    password: Option<String>,
}

impl AcceptInvitationBody {
    pub(super) fn into_input(self) -> Result<AcceptInvitationInput, AppError> {
        Ok(AcceptInvitationInput {
            token: self.token,
            display_name: self.display_name.as_deref().map(DisplayName::parse).transpose()?,
            password: self.password.map(Password::attempt),
        })
    }
}

/// What is to change in one's own account.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "display_name": "Ada King" }))]
pub(crate) struct UpdateProfileBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::display_name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    display_name: Option<String>,
}

impl UpdateProfileBody {
    pub(super) fn into_display_name(self) -> Result<Option<DisplayName>, AppError> {
        Ok(self.display_name.as_deref().map(DisplayName::parse).transpose()?)
    }
}

/// One's own account.
#[derive(Serialize, ToSchema)]
#[schema(as = User, example = json!({
    "id": "0199f8a2-8e30-7f5c-9d76-4b2ea03f9c88", "email": "ada@example.com", "email_verified": true,
    "display_name": "Ada Lovelace", "version": 1, "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct UserResponse {
    id: Uuid,
    email: String,
    /// Whether it is known that you read the address.
    email_verified: bool,
    display_name: String,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl From<UserView> for UserResponse {
    fn from(user: UserView) -> Self {
        Self {
            id: user.id.into(),
            email: user.email,
            email_verified: user.email_verified,
            display_name: user.display_name,
            version: user.version,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
        }
    }
}

versioned!(UserResponse);

/// How the access token is sent: as `Authorization: Bearer <token>` or, with `X-Auth-Mode: cookie`, as a cookie.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(example = "Bearer")]
pub(crate) enum TokenType {
    Bearer,
    Cookie,
}

/// Tokens, and what they are good for.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct TokensResponse {
    /// Send it as `Authorization: Bearer <token>`. With `X-Auth-Mode: cookie` it is `null`, and a cookie.
    #[schema(required = true, example = "eyJhbGciOiJIUzI1NiJ9.eyJmb3IiOiJleGFtcGxlIn0.c2lnbmF0dXJl")]
    access_token: Option<String>,
    token_type: TokenType,
    /// For how many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: i64,
    /// Good for 30 days, and once: refreshing answers the next one. With `X-Auth-Mode: cookie`, likewise.
    #[schema(required = true, example = "tenon_rt_0199f8a26c1e7d3a9b542f0c8e1d7a66_Zm9yIGV4YW1wbGU")]
    refresh_token: Option<String>,
    user: UserResponse,
    /// Where the tokens act.
    organization: OrganizationResponse,
}

impl TokensResponse {
    pub(super) fn new(signed_in: SignedIn, mode: AuthMode) -> Self {
        let in_body = |token| (mode == AuthMode::Body).then_some(token);
        Self {
            access_token: in_body(signed_in.access_token),
            token_type: if mode == AuthMode::Body { TokenType::Bearer } else { TokenType::Cookie },
            expires_in: signed_in.expires_in.num_seconds(),
            refresh_token: in_body(signed_in.refresh_token),
            user: signed_in.user.into(),
            organization: signed_in.organization.into(),
        }
    }
}
