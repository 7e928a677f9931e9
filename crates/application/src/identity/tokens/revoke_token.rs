use async_trait::async_trait;
use tenon_domain::access::Permission;
use tenon_domain::identity::PersonalAccessToken;
use tenon_domain::{TokenId, UserId, Version};

use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::organizations::ensure_covers_member;
use crate::token_access::TokenAccess;

/// Makes a token of the actor's worthless, at once and on every instance.
#[derive(Clone, Copy, Debug)]
pub struct RevokeToken {
    pub token: TokenId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RevokeToken {
    type Output = ();
    const NAME: &'static str = "token.revoke";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let owner = work.viewer()?.user;
        let token = work.unit().tokens().find(self.token).await?;
        revoke(work, token.filter(|token| token.state().owner_id == owner), self.expected_version).await
    }
}

/// Makes anybody's token for the organization worthless, unless its owner may do more than the actor.
#[derive(Clone, Copy, Debug)]
pub struct RevokeOrganizationToken {
    pub token: TokenId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for RevokeOrganizationToken {
    type Output = ();
    const NAME: &'static str = "organization.revoke_token";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        work.require(Permission::ManageTokens).await?;
        let token = work.unit().tokens().find(self.token).await?;
        if let Some(token) = &token {
            ensure_covers_member(work, token.state().owner_id).await?;
        }
        revoke(work, token, self.expected_version).await
    }
}

async fn revoke(
    work: &mut Work<'_>,
    token: Option<PersonalAccessToken>,
    expected_version: Option<Version>,
) -> Result<(), AppError> {
    let mut token = token.ok_or(AppError::NotFound("token"))?;
    check_version(expected_version, PersonalAccessToken::VERSION)?;
    token.revoke(work.now());
    let state = work.unit().tokens().save(token).await?;
    work.after_commit(Effect::TokenRevoked { token: state.id });
    Ok(())
}

/// Revokes the tokens of somebody who leaves the organization: should they come back, their old tokens do not.
pub(crate) async fn revoke_all_tokens(work: &mut Work<'_>, owner: UserId) -> Result<(), AppError> {
    let now = work.now();
    let revoked = work.unit().tokens().revoke_all(owner, now).await?;
    announce(work, revoked);
    Ok(())
}

/// Revokes the tokens of somebody who gets their account back, for all organizations: whoever had it may have made some.
pub(in crate::identity) async fn revoke_tokens_everywhere(work: &mut Work<'_>, owner: UserId) -> Result<(), AppError> {
    let now = work.now();
    let revoked = work.unit().tokens().revoke_everywhere(owner, now).await?;
    announce(work, revoked);
    Ok(())
}

fn announce(work: &mut Work<'_>, revoked: Vec<TokenId>) {
    for token in revoked {
        work.after_commit(Effect::TokenRevoked { token });
    }
}
