//! Registering, signing in and what follows: the flows with a slow part, which runs outside any transaction.

use std::sync::Arc;

use chrono::TimeDelta;
use tenon_domain::identity::{Client, DisplayName, Email, Password, SignInFailure};
use tenon_domain::organizations::{OrganizationError, OrganizationName};
use tenon_domain::{InvitationId, OrganizationId, SessionId};
use uuid::Uuid;

use super::{
    AccessTokens, Claims, EndSession, Grant, PasswordHasher, RecordSignInFailure, Register, RotateSession,
    SecretTokens, StartSession, SwitchOrganization, UserView,
};
use crate::actor::{Actor, Denial};
use crate::app::App;
use crate::error::AppError;
use crate::organizations::{AcceptInvitation, InvitationTokens, Invitee, OrganizationView};

/// How long an access token is good for.
pub(super) const ACCESS_TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(15);
const REFRESH_TOKEN_PREFIX: &str = "tenon_rt_";

/// What somebody gets who signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub access_token: String,
    pub expires_in: TimeDelta,
    pub refresh_token: String,
    pub user: UserView,
    pub organization: OrganizationView,
}

/// What registering takes.
#[derive(Clone, Debug)]
pub struct RegisterInput {
    pub email: Email,
    pub password: Password,
    pub display_name: DisplayName,
    pub organization_name: OrganizationName,
}

/// What accepting an invitation takes.
#[derive(Clone, Debug)]
pub struct AcceptInvitationInput {
    pub token: String,
    pub display_name: Option<DisplayName>,
    pub password: Option<Password>,
}

/// The flows that open, move and end sessions.
#[derive(Clone)]
pub struct Accounts {
    pub app: App,
    pub hasher: Arc<dyn PasswordHasher>,
    pub access_tokens: Arc<dyn AccessTokens>,
    pub secrets: Arc<dyn SecretTokens>,
    pub invitation_tokens: Arc<dyn InvitationTokens>,
}

impl Accounts {
    pub async fn register(&self, actor: &Actor, input: RegisterInput) -> Result<SignedIn, AppError> {
        let password_hash = self.hasher.hash(input.password).await?;
        let (session, refresh_token) = self.new_session();
        let command = Register {
            email: input.email,
            display_name: input.display_name,
            password_hash,
            organization_name: input.organization_name,
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
        };
        let grant = self.app.execute(actor, command).await?;
        self.signed_in(grant, refresh_token)
    }

    /// Answers the same, after the same work, for an unknown address and a wrong password.
    pub async fn login(&self, actor: &Actor, email: &str, password: Password) -> Result<SignedIn, AppError> {
        self.hasher.check_room()?;
        let credentials = match Email::parse(email) {
            Ok(address) => self.app.availability.within_reach(self.app.queries.identity.credentials(&address)).await?,
            Err(_) => None,
        };
        let hash = credentials.as_ref().map(|known| known.password_hash.clone());
        let user = credentials.map(|known| known.user_id);
        let verified = self.hasher.verify(password, hash).await?;
        let (true, Some(user)) = (verified, user) else {
            let reason = user.map_or(SignInFailure::UnknownAddress, |_| SignInFailure::WrongPassword);
            return self.refuse(actor, user, email, reason).await;
        };
        let (session, refresh_token) = self.new_session();
        let refresh_hash = self.secrets.digest(&refresh_token);
        let command = StartSession { user, session, refresh_hash, client: client(actor) };
        match self.app.execute(actor, command).await {
            Err(AppError::Unauthenticated(_)) => {
                self.refuse(actor, Some(user), email, SignInFailure::NoOrganization).await
            }
            outcome => self.signed_in(outcome?, refresh_token),
        }
    }

    pub async fn refresh(&self, actor: &Actor, refresh_token: &str) -> Result<SignedIn, AppError> {
        let session = read_session(refresh_token).ok_or(AppError::Unauthenticated(Denial::InvalidRefreshToken))?;
        let next = self.refresh_token(session);
        let command =
            RotateSession { session, presented: self.secrets.digest(refresh_token), next: self.secrets.digest(&next) };
        let grant = self.app.execute(actor, command).await?;
        self.signed_in(grant, next)
    }

    pub async fn switch_organization(&self, actor: &Actor, organization: OrganizationId) -> Result<SignedIn, AppError> {
        let next = self.refresh_token(actor.session()?);
        let command = SwitchOrganization { organization, next: self.secrets.digest(&next) };
        let grant = self.app.execute(actor, command).await?;
        self.signed_in(grant, next)
    }

    pub async fn logout(&self, actor: &Actor) -> Result<(), AppError> {
        self.app.execute(actor, EndSession).await
    }

    /// Accepts an invitation: with a new account, or with the password of the existing one. The token alone does not
    /// prove who accepts, because the inviter knows it too.
    pub async fn accept_invitation(&self, actor: &Actor, input: AcceptInvitationInput) -> Result<SignedIn, AppError> {
        self.hasher.check_room()?;
        let (invitation, email) = self.invited(&input.token).await?;
        let invitee = match self.app.availability.within_reach(self.app.queries.identity.credentials(&email)).await? {
            Some(known) => {
                let password = input.password.ok_or(OrganizationError::InvitationNeedsPassword)?;
                if !self.hasher.verify(password, Some(known.password_hash)).await? {
                    let reason = SignInFailure::WrongPassword;
                    return self.refuse(actor, Some(known.user_id), email.as_str(), reason).await;
                }
                Invitee::Existing(known.user_id)
            }
            None => {
                let needed = OrganizationError::InvitationNeedsAccount;
                let password = input.password.ok_or(needed.clone())?;
                // The rules for new passwords, which an attempt need not follow.
                let password = Password::parse(password.expose())?;
                let display_name = input.display_name.ok_or(needed)?;
                Invitee::New { display_name, password_hash: self.hasher.hash(password).await? }
            }
        };
        let (session, refresh_token) = self.new_session();
        let command = AcceptInvitation {
            invitation,
            invitee,
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
        };
        let grant = self.app.execute(actor, command).await?;
        self.signed_in(grant, refresh_token)
    }

    /// The invitation of a token, and the address it was made for.
    pub async fn invited(&self, token: &str) -> Result<(InvitationId, Email), AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidInvitationToken);
        let invitation = self.invitation_tokens.read(token).ok_or_else(|| refused.clone())?;
        let invited = self.app.queries.organizations.invited_address(invitation);
        let email = self.app.availability.within_reach(invited).await?;
        Ok((invitation, email.ok_or(refused)?))
    }

    async fn refuse(
        &self,
        actor: &Actor,
        user: Option<tenon_domain::UserId>,
        email: &str,
        reason: SignInFailure,
    ) -> Result<SignedIn, AppError> {
        // Whatever was typed goes on the audit trail, in a form that every store takes.
        let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let email = email.chars().take(Email::MAX_CHARS).map(printable).collect();
        self.app.execute(actor, RecordSignInFailure { user, email, reason }).await?;
        Err(AppError::Unauthenticated(Denial::InvalidCredentials))
    }

    fn new_session(&self) -> (SessionId, String) {
        let session = SessionId::new(self.app.ids.next_id());
        (session, self.refresh_token(session))
    }

    /// A refresh token names its session, so that it is found without an index on secrets.
    fn refresh_token(&self, session: SessionId) -> String {
        format!("{REFRESH_TOKEN_PREFIX}{}_{}", session.uuid().simple(), self.secrets.random())
    }

    fn signed_in(&self, grant: Grant, refresh_token: String) -> Result<SignedIn, AppError> {
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

fn read_session(refresh_token: &str) -> Option<SessionId> {
    let (session, _) = refresh_token.strip_prefix(REFRESH_TOKEN_PREFIX)?.split_once('_')?;
    Uuid::try_parse(session).ok().map(SessionId::new)
}

fn client(actor: &Actor) -> Client {
    Client { address: actor.origin.ip.clone(), user_agent: actor.origin.user_agent.clone() }
}
