use async_trait::async_trait;
use tenon_domain::identity::{Passkey, PasskeyName};
use tenon_domain::{PasskeyId, Version};

use super::PasskeyView;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The actor's passkeys, newest first.
#[derive(Clone, Debug)]
pub struct ListPasskeys {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListPasskeys {
    type Output = Page<PasskeyView>;
    const NAME: &'static str = "passkey.list";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<PasskeyView>, AppError> {
        Ok(reader.queries().passkeys.list(reader.viewer()?.user, &self.page).await?)
    }
}

/// One passkey of the actor's.
#[derive(Clone, Copy, Debug)]
pub struct FindPasskey {
    pub passkey: PasskeyId,
}

#[async_trait]
impl Query for FindPasskey {
    type Output = PasskeyView;
    const NAME: &'static str = "passkey.find";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<PasskeyView, AppError> {
        let found = reader.queries().passkeys.find(reader.viewer()?.user, self.passkey).await?;
        found.ok_or(AppError::NotFound("passkey"))
    }
}

/// Calls a passkey of the actor's something else.
#[derive(Clone, Debug)]
pub struct RenamePasskey {
    pub passkey: PasskeyId,
    pub name: Option<PasskeyName>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RenamePasskey {
    type Output = PasskeyView;
    const NAME: &'static str = "passkey.rename";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<PasskeyView, AppError> {
        let mut passkey = find_own(work, self.passkey).await?;
        check_version(self.expected_version, passkey.state().version)?;
        if let Some(name) = self.name.clone() {
            passkey.rename(name);
        }
        Ok(work.unit().passkeys().save(passkey).await?.into())
    }
}

/// The passkey, locked, if it is the actor's.
pub(super) async fn find_own(work: &mut Work<'_>, id: PasskeyId) -> Result<Passkey, AppError> {
    let user = work.viewer()?.user;
    let found = work.unit().passkeys().find(id).await?;
    found.filter(|passkey| passkey.state().user_id == user).ok_or(AppError::NotFound("passkey"))
}
