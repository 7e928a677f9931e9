use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, Permission};
use tenon_domain::identity::{Client, DisplayName, PasswordHash, TokenHash, User};
use tenon_domain::organizations::{Invitation, Member, MemberRole, OrganizationError};
use tenon_domain::{InvitationId, SessionId, UserId};

use super::exclusions::readmit;
use super::{held_role, seen_with};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::identity::{Credentials, EmailVerification, Grant, UserView, ask_to_verify, find_proven, open_session};
use crate::organizations::join_by_address;
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
        let (email, inviter) = (invitation.state().email.clone(), invitation.state().invited_by);
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
        if user.state().is_deactivated() {
            return Err(AppError::Deactivated);
        }
        // After the user was locked, and the organization before the role: the order of everybody who needs several.
        let role = offered(work, &invitation).await?;
        // An invitation is good for as long as whoever made it could make it again.
        let could = |inviter: OrganizationAccess| {
            inviter.allows(Permission::ManageInvitations) && inviter.lacks(role.access().reach()).is_none()
        };
        if !work.unit().members().role_in(inviter, organization).await?.is_some_and(could) {
            return Err(OrganizationError::InvitationRevoked.into());
        }
        work.unit().act_as(user.state().id);
        let is_news = self.mailed && user.state().email_verified_at.is_none();
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
        let access = role.access();
        let member = Member::join(user.id, user.display_name.to_string(), role, Some(inviter), now);
        match work.unit().members().save(member).await {
            Err(StoreError::Duplicate(_)) => return Err(OrganizationError::AlreadyMember.into()),
            stored => stored?,
        };
        // Whoever was removed before is wanted again.
        readmit(work, &user).await?;
        work.after_commit(Effect::RoleChanged { organization, user: user.id, role: Some(access) });
        if is_news {
            join_by_address(work, &user).await?;
            work.unit().enter(organization).await?;
        }
        let organization = seen_with(work, access).await?.ok_or(AppError::NotFound("organization"))?;
        open_session(work, self.session, &self.refresh_hash, &self.client, UserView::from(user), organization).await
    }
}

/// The role that the invitation is for, if there still is such a role. It stays until the commit.
async fn offered(work: &mut Work<'_>, invitation: &Invitation) -> Result<MemberRole, AppError> {
    let Some(custom) = invitation.state().custom_role else { return Ok(invitation.state().role.into()) };
    // To which a member is about to be added: before a role, as everybody does who needs both.
    work.unit().members().lock_organization().await?;
    Ok(held_role(work, custom).await?.ok_or(OrganizationError::InvitationRevoked)?)
}
