use async_trait::async_trait;
use tenon_domain::access::{OrganizationRole, Permission};
use tenon_domain::identity::{Client, DisplayName, PasswordHash, TokenHash, User};
use tenon_domain::organizations::{Member, OrganizationError};
use tenon_domain::{InvitationId, SessionId, UserId};

use super::OrganizationView;
use crate::actor::{Actor, Denial};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::{Credentials, EmailVerification, Grant, UserView, ask_to_verify, find_proven, open_session};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

/// Who accepts an invitation.
#[derive(Clone, Debug)]
pub enum Invitee {
    /// The account of the invited address. What its password was compared with is as in
    /// [`StartSession`](crate::identity::StartSession).
    Existing { user: UserId, proof: Option<Credentials> },
    /// Somebody without an account, who gets one.
    New { display_name: DisplayName, password_hash: PasswordHash },
}

/// Uses an invitation up: its address becomes a member, and is signed in.
#[derive(Clone, Debug)]
pub struct AcceptInvitation {
    pub invitation: InvitationId,
    pub invitee: Invitee,
    pub session: SessionId,
    pub refresh_hash: TokenHash,
    pub client: Client,
    /// Whether the token came by mail: then who accepts reads the invited address.
    pub mailed: bool,
    pub verification: EmailVerification,
}

#[async_trait]
impl Command for AcceptInvitation {
    type Output = Grant;
    const NAME: &'static str = "invitation.accept";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let absent = AppError::Unauthenticated(Denial::InvalidInvitationToken);
        let now = work.now();
        let organization = work.unit().invitations().organization_of(self.invitation).await?;
        let organization = organization.ok_or_else(|| absent.clone())?;
        work.unit().enter(organization).await?;
        let mut invitation = work.unit().invitations().find(self.invitation).await?.ok_or(absent.clone())?;
        invitation.accept(now)?;
        let (email, role, inviter) = {
            let state = invitation.state();
            (state.email.clone(), state.role, state.invited_by)
        };
        // An invitation is good for as long as whoever made it could make it again.
        let needed =
            if role == OrganizationRole::Owner { Permission::ManageOwners } else { Permission::ManageInvitations };
        let inviter_role = work.unit().members().role_in(inviter, organization).await?;
        if !inviter_role.is_some_and(|inviter_role| inviter_role.allows(needed)) {
            return Err(OrganizationError::InvitationRevoked.into());
        }
        let mut user = match &self.invitee {
            Invitee::Existing { user, proof } => find_proven(work, *user, proof.as_ref()).await?,
            Invitee::New { display_name, password_hash } => {
                let id = work.next_id();
                User::register(id, email.clone(), display_name.clone(), password_hash.clone(), now)
            }
        };
        if user.state().email != email {
            return Err(absent);
        }
        work.unit().act_as(user.state().id);
        if self.mailed {
            user.verify_email(now);
        }
        let user = match work.unit().users().save(user).await {
            // Registered since the service looked: now the password is needed.
            Err(StoreError::Duplicate(_)) => return Err(OrganizationError::InvitationNeedsPassword.into()),
            stored => stored?,
        };
        if user.email_verified_at.is_none() && self.verification == EmailVerification::Required {
            ask_to_verify(work, user.id, &email).await?;
        }
        work.unit().invitations().save(invitation).await?;
        let member = Member::join(user.id, user.display_name.to_string(), role, Some(inviter), now);
        match work.unit().members().save(member).await {
            Err(StoreError::Duplicate(_)) => return Err(OrganizationError::AlreadyMember.into()),
            stored => stored?,
        };
        work.after_commit(Effect::RoleChanged { organization, user: user.id, role: Some(role) });
        let organization = work.unit().organizations().current().await?.ok_or(AppError::NotFound("organization"))?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        open_session(work, self.session, &self.refresh_hash, &self.client, UserView::from(user), organization).await
    }
}
