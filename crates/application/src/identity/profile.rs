use async_trait::async_trait;
use tenon_domain::Version;
use tenon_domain::access::Scope;
use tenon_domain::identity::{DisplayName, UserKind};

use super::UserView;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The actor's own account.
#[derive(Clone, Copy, Debug)]
pub struct FindProfile;

#[async_trait]
impl Query for FindProfile {
    type Output = UserView;
    const NAME: &'static str = "user.find_self";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProfileRead);
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<UserView, AppError> {
        let user = reader.viewer()?.user;
        reader.queries().identity.user(user).await?.ok_or(AppError::NotFound("user"))
    }
}

/// Changes the actor's own account. That of a program is changed by who manages it.
#[derive(Clone, Debug)]
pub struct EditProfile {
    pub display_name: Option<DisplayName>,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for EditProfile {
    type Output = UserView;
    const NAME: &'static str = "user.update_self";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::ProfileWrite);
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<UserView, AppError> {
        let user = work.viewer()?.user;
        let mut user = work.unit().users().find(user).await?.ok_or(AppError::NotFound("user"))?;
        check_version(self.expected_version, user.state().version)?;
        if let Some(display_name) = self.display_name.clone() {
            if user.state().kind == UserKind::Service {
                return Err(AppError::ManagedByOthers);
            }
            user.rename(display_name, work.now());
        }
        Ok(work.unit().users().save(user).await?.into())
    }
}
