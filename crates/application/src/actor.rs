//! Who acts, and from where.

use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, Permissions, Scopes};
use tenon_domain::audit::ActorKind;
use tenon_domain::{CustomRoleId, OrganizationId, SessionId, TokenId, UserId};

use crate::error::AppError;

/// Where a request came from. It is carried into events, jobs and audit entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub request_id: Option<String>,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    /// The W3C trace context, so that a request's trace continues in the jobs it caused.
    pub traceparent: Option<String>,
    /// Set when the request carries an idempotency key that this command completes.
    pub idempotency_key: Option<String>,
}

/// A user acting inside one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    pub user: UserId,
    pub organization: OrganizationId,
    /// The base of the custom role, where there is one.
    pub role: OrganizationRole,
    pub custom_role: Option<CustomRoleId>,
    /// What they may do in the organization as a whole.
    pub permissions: Permissions,
}

impl Viewer {
    pub fn new(user: UserId, organization: OrganizationId, access: impl Into<OrganizationAccess>) -> Self {
        let OrganizationAccess { role, custom_role, permissions } = access.into();
        Self { user, organization, role, custom_role, permissions }
    }

    pub fn access(self) -> OrganizationAccess {
        OrganizationAccess { role: self.role, custom_role: self.custom_role, permissions: self.permissions }
    }

    pub fn allows(self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }
}

/// What a user proved who they are with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// A personal access token, and what it is good for.
    Token(TokenId, Scopes),
    /// An access token of another issuer, and what it is good for.
    External(Scopes),
}

/// On whose behalf something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    User {
        viewer: Viewer,
        credential: Credential,
    },
    /// Somebody who has not signed in.
    Anonymous,
    /// Tenon itself, for a tenant or for the whole deployment.
    System {
        organization: Option<OrganizationId>,
    },
}

/// A principal with the origin of what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub principal: Principal,
    pub origin: Origin,
}

impl Actor {
    pub fn anonymous(origin: Origin) -> Self {
        Self { principal: Principal::Anonymous, origin }
    }

    pub fn system(organization: Option<OrganizationId>, origin: Origin) -> Self {
        Self { principal: Principal::System { organization }, origin }
    }

    pub fn user(viewer: Viewer, session: SessionId, origin: Origin) -> Self {
        Self { principal: Principal::User { viewer, credential: Credential::Session(session) }, origin }
    }

    pub fn organization(&self) -> Option<OrganizationId> {
        match self.principal {
            Principal::User { viewer, .. } => Some(viewer.organization),
            Principal::Anonymous => None,
            Principal::System { organization } => organization,
        }
    }

    pub fn user_id(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { viewer, .. } => Some(viewer.user),
            Principal::Anonymous | Principal::System { .. } => None,
        }
    }

    /// The personal access token it is done with, if it is.
    pub fn token(&self) -> Option<TokenId> {
        match self.principal {
            Principal::User { credential: Credential::Token(token, _), .. } => Some(token),
            _ => None,
        }
    }

    pub fn kind(&self) -> ActorKind {
        match self.principal {
            Principal::User { .. } => ActorKind::User,
            Principal::Anonymous => ActorKind::Anonymous,
            Principal::System { .. } => ActorKind::System,
        }
    }

    /// The signed-in user, or the refusal that asks for credentials.
    pub fn viewer(&self) -> Result<Viewer, AppError> {
        match self.principal {
            Principal::User { viewer, .. } => Ok(viewer),
            Principal::Anonymous | Principal::System { .. } => Err(AppError::Unauthenticated(Denial::MissingToken)),
        }
    }

    /// What is wrong with the credentials of who has lost their access to the organization.
    pub(crate) fn denial_without_role(&self) -> Denial {
        match self.principal {
            Principal::User { credential: Credential::Session(_), .. } => Denial::EndedSession,
            _ => Denial::InvalidToken,
        }
    }

    /// The session, or the refusal of a token, with which nothing may be done that is about sessions and credentials.
    pub fn session(&self) -> Result<SessionId, AppError> {
        match self.principal {
            Principal::User { credential: Credential::Session(session), .. } => Ok(session),
            Principal::User { credential: Credential::Token(..) | Credential::External(_), .. } => {
                Err(AppError::SessionRequired)
            }
            Principal::Anonymous | Principal::System { .. } => Err(AppError::Unauthenticated(Denial::MissingToken)),
        }
    }
}

/// Why credentials were not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    MissingToken,
    InvalidToken,
    ExpiredToken,
    EndedSession,
    InvalidCredentials,
    MissingRefreshToken,
    InvalidRefreshToken,
    RefreshTokenReused,
    InvalidInvitationToken,
    InvalidAccountToken,
    UnverifiedEmail,
    InvalidMfaToken,
    InvalidCode,
    InvalidPasskey,
    InvalidSignInCode,
}

impl Denial {
    pub const ALL: &'static [Self] = &[
        Self::MissingToken,
        Self::InvalidToken,
        Self::ExpiredToken,
        Self::EndedSession,
        Self::InvalidCredentials,
        Self::MissingRefreshToken,
        Self::InvalidRefreshToken,
        Self::RefreshTokenReused,
        Self::InvalidInvitationToken,
        Self::InvalidAccountToken,
        Self::UnverifiedEmail,
        Self::InvalidMfaToken,
        Self::InvalidCode,
        Self::InvalidPasskey,
        Self::InvalidSignInCode,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingToken => "auth.missing_token",
            Self::InvalidToken => "auth.invalid_token",
            Self::ExpiredToken => "auth.expired_token",
            Self::EndedSession => "auth.ended_session",
            Self::InvalidCredentials => "auth.invalid_credentials",
            Self::MissingRefreshToken => "auth.missing_refresh_token",
            Self::InvalidRefreshToken => "auth.invalid_refresh_token",
            Self::RefreshTokenReused => "auth.refresh_token_reused",
            Self::InvalidInvitationToken => "auth.invalid_invitation_token",
            Self::InvalidAccountToken => "auth.invalid_account_token",
            Self::UnverifiedEmail => "auth.unverified_email",
            Self::InvalidMfaToken => "auth.invalid_mfa_token",
            Self::InvalidCode => "auth.invalid_code",
            Self::InvalidPasskey => "auth.invalid_passkey",
            Self::InvalidSignInCode => "auth.invalid_sign_in_code",
        }
    }

    pub const fn detail(self) -> &'static str {
        match self {
            Self::MissingToken => "Send an access token: Authorization: Bearer <token>.",
            Self::InvalidToken => "The access token is malformed, was revoked or was not issued here: sign in again.",
            Self::ExpiredToken => "The access token has expired: refresh it or sign in again.",
            Self::EndedSession => "The session has ended: sign in again.",
            Self::InvalidCredentials => "The email address or the password is wrong.",
            Self::MissingRefreshToken => "There is no refresh token in the request: send it, or sign in again.",
            Self::InvalidRefreshToken => "The refresh token is spent, expired or was not issued here: sign in again.",
            Self::RefreshTokenReused => "The refresh token was used before, so its session has ended: sign in again.",
            Self::InvalidInvitationToken => "The invitation token was not issued here: use the link of the invitation.",
            Self::InvalidAccountToken => {
                "The token is spent, replaced, expired or was not issued here: ask for a new one."
            }
            Self::UnverifiedEmail => "The email address is not verified yet: open the link that was mailed to it.",
            Self::InvalidMfaToken => "The sign-in has expired, is finished or had too many wrong codes: sign in again.",
            Self::InvalidCode => "The code is wrong or was used already: wait for the next one.",
            Self::InvalidPasskey => "The passkey is none of this account or this site, or took too long: try again.",
            Self::InvalidSignInCode => {
                "The sign-in has expired, is finished or began in another browser: sign in again."
            }
        }
    }
}
