use async_trait::async_trait;
use tenon_domain::ExternalIdentityId;
use tenon_domain::identity::IdentityError;

use super::ExternalIdentityView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// Which identity providers vouch for the actor, newest first.
#[derive(Clone, Debug)]
pub struct ListOwnIdentities {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListOwnIdentities {
    type Output = Page<ExternalIdentityView>;
    const NAME: &'static str = "identity.list";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<ExternalIdentityView>, AppError> {
        Ok(reader.queries().identity_providers.identities(reader.viewer()?.user, &self.page).await?)
    }
}

/// Has an identity provider not vouch for the actor any more, as long as there is another way to sign in.
#[derive(Clone, Copy, Debug)]
pub struct RemoveOwnIdentity {
    pub identity: ExternalIdentityId,
}

#[async_trait]
impl Command for RemoveOwnIdentity {
    type Output = ();
    const NAME: &'static str = "identity.remove";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let user = work.viewer()?.user;
        let owner = work.unit().users().find_locked(user).await?.ok_or(AppError::NotFound("user"))?;
        let owner = owner.state();
        let found = work.unit().external_identities().find_own(user, self.identity).await?;
        let mut identity = found.ok_or(AppError::NotFound("identity"))?;
        let others = work.unit().external_identities().count_of(user).await?.saturating_sub(1);
        let passkeys = work.unit().passkeys().count(user).await?;
        if others + passkeys == 0 && !owner.password_hash.is_usable() {
            return Err(IdentityError::LastSignInMethod.into());
        }
        identity.unlink(owner);
        Ok(work.unit().external_identities().remove(identity).await?)
    }
}
