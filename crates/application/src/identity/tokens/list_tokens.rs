use async_trait::async_trait;
use tenon_domain::access::Permission;
use tenon_domain::{TokenId, UserId};

use super::TokenView;
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

/// The actor's tokens for the organization they are in, newest first.
#[derive(Clone, Debug)]
pub struct ListTokens {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListTokens {
    type Output = Page<TokenView>;
    const NAME: &'static str = "token.list";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TokenView>, AppError> {
        let viewer = reader.viewer()?;
        Ok(reader.queries().tokens.list(viewer, Some(viewer.user), &self.page).await?)
    }
}

/// One token of the actor's.
#[derive(Clone, Copy, Debug)]
pub struct FindToken {
    pub token: TokenId,
}

#[async_trait]
impl Query for FindToken {
    type Output = TokenView;
    const NAME: &'static str = "token.find";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<TokenView, AppError> {
        let viewer = reader.viewer()?;
        let found = reader.queries().tokens.find(viewer, Some(viewer.user), self.token).await?;
        found.ok_or(AppError::NotFound("token"))
    }
}

/// Everybody's tokens for the organization, newest first.
#[derive(Clone, Debug)]
pub struct ListOrganizationTokens {
    /// Only tokens of this user.
    pub owner: Option<UserId>,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListOrganizationTokens {
    type Output = Page<TokenView>;
    const NAME: &'static str = "organization.list_tokens";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TokenView>, AppError> {
        let viewer = reader.require(Permission::ManageTokens)?;
        Ok(reader.queries().tokens.list(viewer, self.owner, &self.page).await?)
    }
}

/// One token for the organization, whoever owns it.
#[derive(Clone, Copy, Debug)]
pub struct FindOrganizationToken {
    pub token: TokenId,
}

#[async_trait]
impl Query for FindOrganizationToken {
    type Output = TokenView;
    const NAME: &'static str = "organization.find_token";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn run(&self, reader: &Reader<'_>) -> Result<TokenView, AppError> {
        let viewer = reader.require(Permission::ManageTokens)?;
        let found = reader.queries().tokens.find(viewer, None, self.token).await?;
        found.ok_or(AppError::NotFound("token"))
    }
}

/// The tokens of a service account, newest first.
#[derive(Clone, Debug)]
pub struct ListServiceTokens {
    pub account: UserId,
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListServiceTokens {
    type Output = Page<TokenView>;
    const NAME: &'static str = "service_account.list_tokens";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<TokenView>, AppError> {
        let viewer = reader.require(Permission::ManageTokens)?;
        let queries = reader.queries();
        let found = queries.organizations.service_account(viewer, self.account).await?;
        found.ok_or(AppError::NotFound("service_account"))?;
        Ok(queries.tokens.list(viewer, Some(self.account), &self.page).await?)
    }
}
