//! Making an account: alone, with an organization, or by an invitation into one.

use tenon_domain::identity::{DisplayName, Email, InvitationToAccept, Password, PersonalWords, SignInFailure};
use tenon_domain::organizations::{OrganizationError, OrganizationName};
use tenon_domain::{InvitationId, Violation};

use super::accounts::client;
use super::{Accounts, Register, SignedIn};
use crate::actor::{Actor, Denial};
use crate::error::AppError;
use crate::organizations::{AcceptInvitation, Invitee};

/// What registering takes, as it was typed: the rules for the password depend on the other fields, and all that are
/// broken are told at once.
#[derive(Clone, Debug)]
pub struct RegisterInput {
    pub email: String,
    pub password: Password,
    pub display_name: String,
    pub organization_name: String,
}

/// What accepting an invitation takes.
#[derive(Clone, Debug)]
pub struct AcceptInvitationInput {
    pub token: String,
    pub display_name: Option<DisplayName>,
    pub password: Option<Password>,
}

impl Accounts {
    pub async fn register(&self, actor: &Actor, input: RegisterInput) -> Result<SignedIn, AppError> {
        let RegisterInput { email, password, display_name, organization_name } = input;
        let mut broken = self.faults_of(&password, PersonalWords::of(&display_name, &email)).await?;
        let email = noted(Email::parse(&email), &mut broken);
        let display_name = noted(DisplayName::parse(&display_name), &mut broken);
        let organization_name = noted(OrganizationName::parse(&organization_name), &mut broken);
        let (Some(email), Some(display_name), Some(organization_name), true) =
            (email, display_name, organization_name, broken.is_empty())
        else {
            return Err(AppError::Violations(broken));
        };
        let password_hash = self.hasher.hash(password).await?;
        let (session, refresh_token) = self.new_session();
        let command = Register {
            email,
            display_name,
            password_hash,
            organization_name,
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
            verification: self.email_verification,
        };
        let grant = self.app.execute(actor, command).await?;
        self.make_familiar(actor, &grant).await;
        self.signed_in(grant, refresh_token)
    }

    /// Accepts an invitation: with a new account, or with the password of the existing one. The token alone does not
    /// prove who accepts, because the inviter knows it too, unless it came by mail.
    pub async fn accept_invitation(&self, actor: &Actor, input: AcceptInvitationInput) -> Result<SignedIn, AppError> {
        self.hasher.check_room()?;
        let (invitation, email) = self.invited(&input.token).await?;
        let mailed = self.invitation_tokens.came_by_mail(&input.token);
        let to_accept = Some(InvitationToAccept { id: invitation, mailed });
        let invitee = match self.find_credentials(email.as_str()).await? {
            Some(known) => {
                let password = input.password.ok_or(OrganizationError::InvitationNeedsPassword)?;
                self.admit(actor, email.as_str()).await?;
                if !self.hasher.verify(password, Some(known.password_hash.clone())).await? {
                    let reason = SignInFailure::WrongPassword;
                    return Err(self.refused(actor, Some(known.user_id), email.as_str(), reason).await);
                }
                if !mailed {
                    self.require_verified(actor, &known, email.as_str()).await?;
                }
                self.ask_second_factor(actor, &known, email.as_str(), to_accept).await?;
                Invitee::Existing { user: known.user_id, proof: Some(known) }
            }
            None => {
                let (Some(password), Some(display_name)) = (input.password, input.display_name) else {
                    return Err(OrganizationError::InvitationNeedsAccount.into());
                };
                let owner = PersonalWords::of(display_name.as_str(), email.as_str());
                Invitee::New { display_name, password_hash: self.hash_new(password, owner).await? }
            }
        };
        let (session, refresh_token) = self.new_session();
        let command = AcceptInvitation {
            invitation,
            invitee: invitee.clone(),
            session,
            refresh_hash: self.secrets.digest(&refresh_token),
            client: client(actor),
            mailed,
            verification: self.email_verification,
        };
        let grant = match (self.app.execute(actor, command).await, invitee) {
            (
                Err(AppError::Unauthenticated(Denial::InvalidCredentials)),
                Invitee::Existing { proof: Some(known), .. },
            ) => return Err(self.overtaken(actor, &known, email.as_str(), to_accept).await),
            (Err(AppError::Deactivated), Invitee::Existing { user, .. }) => {
                return Err(self.turned_away(actor, user, email.as_str(), AppError::Deactivated).await);
            }
            (outcome, _) => outcome?,
        };
        self.make_familiar(actor, &grant).await;
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
}

/// The parsed value; a rule that it breaks is put with the others.
fn noted<T, E: Into<Violation>>(verdict: Result<T, E>, broken: &mut Vec<Violation>) -> Option<T> {
    verdict.map_err(|fault| broken.push(fault.into())).ok()
}
