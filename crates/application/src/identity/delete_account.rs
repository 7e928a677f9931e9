use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, IdentityError, Password, UserState};
use tenon_domain::{OrganizationId, UserId};

use super::own_credentials::find_proven_self;
use super::own_sessions::end_sessions;
use super::second_factor::{Attempt, MfaAnswer, SecondFactorProof};
use super::tokens::revoke_tokens_everywhere;
use super::{AccountNotice, Accounts, Credentials, mail_account};
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::organizations::keep_out_by_address;
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

impl Accounts {
    /// Erases what is known of the actor. Who has a second factor proves it for that.
    pub async fn delete_account(
        &self,
        actor: &Actor,
        password: Password,
        answer: Option<MfaAnswer>,
    ) -> Result<(), AppError> {
        let (_, proven) = match self.prove(actor, password).await {
            // The field is called otherwise where there is a new one beside it.
            Err(AppError::Violations(_)) => return Err(IdentityError::WrongPassword.into()),
            proved => proved?,
        };
        self.app.execute(actor, DeleteAccount { proven, proof: self.proof_of(answer)? }).await?
    }
}

/// Takes the actor out of all organizations and leaves a placeholder, to whom their work still belongs.
#[derive(Clone)]
pub struct DeleteAccount {
    pub proven: Credentials,
    pub proof: SecondFactorProof,
}

#[async_trait]
impl Command for DeleteAccount {
    type Output = Attempt<()>;
    const NAME: &'static str = "user.delete";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<()>, AppError> {
        let (viewer, now) = (work.viewer()?, work.now());
        let mut user = match find_proven_self(work, &self.proven).await {
            Err(AppError::Violations(_)) => return Err(IdentityError::WrongPassword.into()),
            found => found?,
        };
        let owner = user.state().clone();
        let mut tried = self.proof.try_own(work, &owner).await?;
        if let Some(refused) = tried.take_if(|it| it.is_refused()) {
            work.unit().enter(viewer.organization).await?;
            return refused.save(work).await;
        }
        // Before an organization is entered: they are for several.
        revoke_tokens_everywhere(work, viewer.user).await?;
        keep_out_by_address(work, user.state()).await?;
        work.unit().members().erase_exclusions(viewer.user).await?;
        leave_everything(work, viewer.user).await?;
        let sessions = work.unit().sessions().live_of(viewer.user).await?;
        end_sessions(work, sessions).await?;
        work.unit().sessions().erase_all(viewer.user).await?;
        work.unit().challenges().erase_all(viewer.user).await?;
        work.unit().account_requests().erase_all(viewer.user).await?;
        work.unit().external_identities().erase_all(viewer.user).await?;
        work.unit().enter(viewer.organization).await?;
        if let Some(accepted) = tried {
            accepted.save(work).await??;
        }
        give_up_second_factors(work, &owner).await?;
        user.erase(placeholder_of(work, viewer.user).await?, now);
        match work.unit().users().save(user).await {
            // Taken at the same moment: trying again finds it.
            Err(StoreError::Duplicate(_)) => return Err(AppError::Stale),
            saved => saved?,
        };
        mail_account(work, owner.id, &owner.email, AccountNotice::AccountDeleted).await?;
        work.after_commit(Effect::MfaChanged { user: viewer.user });
        Ok(Ok(()))
    }
}

/// Erases a user's second factors, in the organization whose audit trail is to tell of it.
async fn give_up_second_factors(work: &mut Work<'_>, owner: &UserState) -> Result<(), AppError> {
    work.unit().passkeys().erase_all(owner.id).await?;
    if let Some(mut factor) = work.unit().second_factors().find(owner.id).await? {
        if factor.is_confirmed() {
            factor.disable(&owner.display_name);
        }
        work.unit().second_factors().remove(factor).await?;
    }
    Ok(())
}

/// The address that takes the place of a deleted user's. An earlier release let people register such addresses.
async fn placeholder_of(work: &mut Work<'_>, user: UserId) -> Result<Email, AppError> {
    let usual = Email::of_deleted(user);
    let is_taken = work.unit().users().find_by_email(&usual).await?.is_some();
    Ok(if is_taken { Email::of_deleted(work.next_id()) } else { usual })
}

/// Takes a user out of all their organizations, unless one would be left without an owner.
async fn leave_everything(work: &mut Work<'_>, user: UserId) -> Result<(), AppError> {
    let mut ownerless = Vec::new();
    let organizations = work.unit().members().organizations_of(user).await?;
    for organization in organizations {
        work.unit().enter(organization).await?;
        if !leave(work, organization, user).await? {
            let organization = work.unit().organizations().current().await?;
            ownerless.extend(organization.map(|it| it.state().name.to_string()));
        }
    }
    if ownerless.is_empty() { Ok(()) } else { Err(AppError::OnlyOwner { organizations: ownerless }) }
}

/// Takes a user out of the organization that the unit of work is in. `false` when they are its only owner.
async fn leave(work: &mut Work<'_>, organization: OrganizationId, user: UserId) -> Result<bool, AppError> {
    let Some(mut member) = work.unit().members().find(user).await? else { return Ok(true) };
    let owners = work.unit().members().count_owners().await?;
    if member.state().active_role() == Some(OrganizationRole::Owner) && owners <= 1 {
        return Ok(false);
    }
    member.remove(owners)?;
    let heir = work.unit().members().other_owner(user).await?.ok_or(AppError::NotFound("member"))?;
    let now = work.now();
    work.unit().projects().release_user(user, heir, now).await?;
    work.unit().members().remove(member).await?;
    work.unit().notifications().erase_all(user).await?;
    work.after_commit(Effect::RoleChanged { organization, user, role: None });
    Ok(true)
}
