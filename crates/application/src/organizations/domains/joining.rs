use async_trait::async_trait;
use tenon_domain::OrganizationId;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, UserKind, UserState};
use tenon_domain::organizations::{DomainName, Member, OrganizationError};

use super::JoinableOrganizationView;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::organizations::{OrganizationView, is_kept_out};
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, StoreError};

/// Has a user, whose address was just found to be theirs, join the organizations that let it in. Who is there already, or
/// is kept out, stays as they are; who is deactivated joins nothing. The unit of work is in another organization
/// afterwards, if there was any.
pub(crate) async fn join_by_address(work: &mut Work<'_>, user: &UserState) -> Result<(), AppError> {
    if user.is_deactivated() {
        return Ok(());
    }
    let open = work.unit().domains().open_to(&DomainName::of(&user.email)).await?;
    for (organization, role) in open {
        work.unit().enter(organization).await?;
        let is_member = work.unit().members().find(user.id).await?.is_some();
        if is_member || is_kept_out(work, user).await? {
            continue;
        }
        match join(work, organization, user, role).await {
            // Somebody else let them in at the same time: trying again finds them there.
            Err(StoreError::Duplicate(_)) => return Err(AppError::Stale),
            joined => joined?,
        }
    }
    Ok(())
}

/// Makes a user a member of the organization that the unit of work is in.
async fn join(
    work: &mut Work<'_>,
    organization: OrganizationId,
    user: &UserState,
    role: OrganizationRole,
) -> Result<(), StoreError> {
    let member = Member::join(user.id, user.display_name.to_string(), role, None, work.now());
    work.unit().members().save(member).await?;
    work.after_commit(Effect::RoleChanged { organization, user: user.id, role: Some(role.into()) });
    Ok(())
}

/// Has the actor join an organization that lets their verified address in.
#[derive(Clone, Copy, Debug)]
pub struct JoinOrganization {
    pub organization: OrganizationId,
}

#[async_trait]
impl Command for JoinOrganization {
    type Output = OrganizationView;
    const NAME: &'static str = "organization.join";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<OrganizationView, AppError> {
        let absent = AppError::NotFound("organization");
        let user = work.viewer()?.user;
        // Who deletes their account or changes their address at the same time is not let in by the old one.
        let user = work.unit().users().find_locked(user).await?.ok_or(AppError::NotFound("user"))?.state().clone();
        if user.is_deactivated() {
            return Err(AppError::Deactivated);
        }
        if user.email_verified_at.is_none() || user.kind != UserKind::Person {
            return Err(absent);
        }
        let open = work.unit().domains().open_to(&DomainName::of(&user.email)).await?;
        let role = open.into_iter().find(|(id, _)| *id == self.organization).map(|(_, role)| role);
        let role = role.ok_or(absent.clone())?;
        work.unit().enter(self.organization).await?;
        if is_kept_out(work, &user).await? {
            return Err(absent);
        }
        match join(work, self.organization, &user, role).await {
            Err(StoreError::Duplicate(_)) => return Err(OrganizationError::AlreadyMember.into()),
            joined => joined?,
        }
        let organization = work.unit().organizations().current().await?.ok_or(absent)?;
        Ok(OrganizationView::new(organization.state().clone(), role))
    }
}

/// The organizations that let the actor's verified address in, and that they are not in.
#[derive(Clone, Debug)]
pub struct ListJoinable {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListJoinable {
    type Output = Page<JoinableOrganizationView>;
    const NAME: &'static str = "organization.list_joinable";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<JoinableOrganizationView>, AppError> {
        let user = reader.viewer()?.user;
        let profile = reader.queries().identity.user(user).await?.ok_or(AppError::NotFound("user"))?;
        if !profile.email_verified {
            let total = self.page.include_total.then_some(0);
            return Ok(Page { items: Vec::new(), next: None, total });
        }
        let address = Email::restore(profile.email);
        let (domain, digest) = (DomainName::of(&address), reader.digest_of(&address));
        Ok(reader.queries().domains.joinable(user, &domain, &digest, &self.page).await?)
    }
}
