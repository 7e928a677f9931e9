//! Signing in and what follows: the flows with a slow part, which runs outside any transaction.

use std::sync::Arc;

use chrono::TimeDelta;
use tenon_domain::identity::Client;
use tenon_domain::{OrganizationId, SessionId};

use super::{
    AccessTokens, AccountTokens, Claims, EmailVerification, EndAllSessions, EndSession, Grant, Passkeys,
    PasswordHasher, PasswordStrength, RefreshTokens, RotateSession, Rotation, SecondFactors, SecretTokens,
    SignInThrottle, SwitchOrganization, UserView,
};
use crate::actor::{Actor, Denial};
use crate::app::App;
use crate::error::AppError;
use crate::organizations::{InvitationTokens, OrganizationView};

/// How long an access token is good for.
pub const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);

/// What somebody gets who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub access_token: String,
    pub expires_in: TimeDelta,
    pub refresh_token: String,
    pub user: UserView,
    pub organization: OrganizationView,
}

/// The flows that open, move and end sessions.
#[derive(Clone)]
pub struct Accounts {
    pub app: App,
    pub hasher: Arc<dyn PasswordHasher>,
    pub strength: Arc<dyn PasswordStrength>,
    pub access_tokens: Arc<dyn AccessTokens>,
    pub refresh_tokens: Arc<dyn RefreshTokens>,
    pub account_tokens: Arc<dyn AccountTokens>,
    pub throttle: Arc<dyn SignInThrottle>,
    pub secrets: Arc<dyn SecretTokens>,
    pub invitation_tokens: Arc<dyn InvitationTokens>,
    pub email_verification: EmailVerification,
    pub second_factors: SecondFactors,
    pub passkeys: Passkeys,
}

impl Accounts {
    /// Answers the same token again when a spent one comes back at once: then the first answer was lost, or two of the
    /// same client asked.
    pub async fn refresh(&self, actor: &Actor, refresh_token: &str) -> Result<SignedIn, AppError> {
        let facts = self.refresh_tokens.read(refresh_token);
        let facts = facts.ok_or(AppError::Unauthenticated(Denial::InvalidRefreshToken))?;
        let following = |salt: &str| self.refresh_tokens.following(facts.session, refresh_token, salt);
        let salt = self.secrets.random();
        let command = RotateSession {
            session: facts.session,
            presented: self.secrets.digest(refresh_token),
            genuine: facts.genuine,
            next: self.secrets.digest(&following(&salt)),
            salt,
            verification: self.email_verification,
        };
        match self.app.execute(actor, command).await? {
            Rotation::Granted { grant, salt } => self.signed_in(*grant, following(&salt)),
            Rotation::Reused => Err(AppError::Unauthenticated(Denial::RefreshTokenReused)),
        }
    }

    /// The session that a refresh token was made for, at some time.
    pub fn session_of(&self, refresh_token: &str) -> Option<SessionId> {
        let facts = self.refresh_tokens.read(refresh_token)?;
        facts.genuine.then_some(facts.session)
    }

    pub async fn switch_organization(&self, actor: &Actor, organization: OrganizationId) -> Result<SignedIn, AppError> {
        let next = self.refresh_tokens.fresh(actor.session()?);
        let verification = self.email_verification;
        let command = SwitchOrganization { organization, next: self.secrets.digest(&next), verification };
        let grant = self.app.execute(actor, command).await?;
        self.signed_in(grant, next)
    }

    pub async fn logout(&self, actor: &Actor) -> Result<(), AppError> {
        self.app.execute(actor, EndSession).await
    }

    pub async fn logout_all(&self, actor: &Actor) -> Result<(), AppError> {
        self.app.execute(actor, EndAllSessions).await
    }

    pub(super) fn new_session(&self) -> (SessionId, String) {
        let session = SessionId::new(self.app.ids.next_id());
        (session, self.refresh_tokens.fresh(session))
    }

    pub(super) fn signed_in(&self, grant: Grant, refresh_token: String) -> Result<SignedIn, AppError> {
        let now = self.app.clock.now();
        let claims = Claims {
            user: grant.user.id,
            organization: grant.organization.id,
            session: grant.session,
            role: grant.organization.role,
            issued_at: now,
            expires_at: now + ACCESS_TOKEN_LIFETIME,
        };
        Ok(SignedIn {
            access_token: self.access_tokens.issue(&claims)?,
            expires_in: ACCESS_TOKEN_LIFETIME,
            refresh_token,
            user: grant.user,
            organization: grant.organization,
        })
    }
}

pub(super) fn client(actor: &Actor) -> Client {
    Client { address: actor.origin.ip.clone(), user_agent: actor.origin.user_agent.clone() }
}
