use tenon_domain::identity::{
    DisplayName, Email, ExternalIdentity, PasswordHash, SignInCode, User, UserState, VouchedSignIn,
};
use tenon_domain::organizations::{Member, MemberRole};
use tenon_domain::{OrganizationId, UserId};

use super::CompleteSignIn;
use super::complete_sign_in::{Admitted, Arrival};
use crate::command::{Effect, Work};
use crate::error::AppError;
use crate::identity::sign_in::enter_home;
use crate::identity::{AccountNotice, mail_account};
use crate::organizations::change_role;
use crate::unit_of_work::StoreError;

/// What is written for somebody who is let in, or is not any more.
impl CompleteSignIn {
    pub(super) async fn let_in(&self, work: &mut Work<'_>, admitted: Admitted) -> Result<(), AppError> {
        let Admitted { arrival, subject, identity, member, role } = admitted;
        let now = work.now();
        let user = match arrival {
            Arrival::Known(user) => {
                let user = user.into_parts().0;
                if self.organization.is_none() {
                    enter_home(work, Some(user.id)).await?;
                }
                work.unit().act_as(user.id);
                if identity.is_none() {
                    mail_account(work, user.id, &user.email, AccountNotice::IdentityLinked).await?;
                }
                user
            }
            Arrival::New(email) => self.provision(work, email).await?,
        };
        let identity = match identity {
            Some(mut known) => {
                known.note_use(now);
                known
            }
            None => {
                let (provider, issuer) = (self.provider.clone(), self.settings.issuer.clone());
                ExternalIdentity::link(work.next_id(), &user, provider, issuer, subject, now)
            }
        };
        unless_taken(work.unit().external_identities().save(identity).await)?;
        if let Some(organization) = self.organization {
            self.join(work, organization, &user, member, role).await?;
        }
        let vouched = VouchedSignIn { provider: self.provider.clone(), organization: self.organization };
        let (code_hash, browser_hash) = (self.code_hash.clone(), self.browser_hash.clone());
        let code = SignInCode::issue(self.code, user.id, vouched, code_hash, browser_hash, now);
        Ok(work.unit().sign_in_codes().issue(code).await?)
    }

    /// Makes an account for somebody, who signs in by the provider: there is no password until they set one.
    async fn provision(&self, work: &mut Work<'_>, email: Email) -> Result<UserState, AppError> {
        let (id, now): (UserId, _) = (work.next_id(), work.now());
        work.unit().act_as(id);
        let local_part = || email.as_str().split('@').next().unwrap_or_default();
        let named = self.claims.name.as_deref().and_then(|name| DisplayName::parse(name).ok());
        let named = named.or_else(|| DisplayName::parse(local_part()).ok());
        let display_name = named.unwrap_or_else(|| DisplayName::restore("New member".to_owned()));
        let mut user = User::register(id, email, display_name, PasswordHash::unusable(), now);
        user.verify_email(now);
        unless_taken(work.unit().users().save(user).await)
    }

    /// Takes the access of a member away whose groups give none any more. An administrator gives it back.
    pub(super) async fn suspend(
        &self,
        work: &mut Work<'_>,
        organization: OrganizationId,
        mut member: Member,
    ) -> Result<(), AppError> {
        let (owners, now) = (work.unit().members().count_owners().await?, work.now());
        member.suspend(owners, now)?;
        let member = work.unit().members().save(member).await?;
        work.after_commit(Effect::RoleChanged { organization, user: member.user_id, role: member.active_access() });
        Ok(())
    }

    /// Makes somebody a member, or gives a member the role that their groups have by now.
    async fn join(
        &self,
        work: &mut Work<'_>,
        organization: OrganizationId,
        user: &UserState,
        member: Option<Member>,
        role: Option<MemberRole>,
    ) -> Result<(), AppError> {
        let Some(role) = role else { return Ok(()) };
        let (access, now) = (role.access(), work.now());
        let member = match member {
            None => Member::join(user.id, user.display_name.to_string(), role, None, now),
            // A custom role that was given here gives way, too: else who left a group would keep what it permits.
            Some(mut member) if self.is_synced(&member) && member.state().access() != access => {
                change_role(work, &mut member, role).await?;
                member
            }
            Some(_) => return Ok(()),
        };
        let role = unless_taken(work.unit().members().save(member).await)?.active_access();
        work.after_commit(Effect::RoleChanged { organization, user: user.id, role });
        Ok(())
    }
}

/// What somebody else has made at the same time is found when it is tried again.
fn unless_taken<T>(stored: Result<T, StoreError>) -> Result<T, AppError> {
    match stored {
        Err(StoreError::Duplicate(_)) => Err(AppError::Stale),
        stored => Ok(stored?),
    }
}
