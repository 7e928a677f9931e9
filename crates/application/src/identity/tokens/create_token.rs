use async_trait::async_trait;
use tenon_domain::access::{Permission, Scopes};
use tenon_domain::identity::{NewToken, PersonalAccessToken, TokenHash, TokenName};
use tenon_domain::organizations::OrganizationError;
use tenon_domain::{Timestamp, TokenId, UserId};

use super::TokenView;
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::identity::EmailVerification;
use crate::identity::sessions::live_session;
use crate::organizations::{find_service_account, permit_service_role};
use crate::token_access::TokenAccess;

/// What a token is to be called, and what it is to be good for.
#[derive(Clone, Debug)]
pub struct TokenInput {
    pub name: TokenName,
    pub scopes: Scopes,
    pub expires_at: Option<Timestamp>,
}

/// Keeps a new token of the actor's for the organization they are in. Its text was made before; see
/// [`Accounts`](crate::identity::Accounts).
#[derive(Clone, Debug)]
pub struct CreateToken {
    pub id: TokenId,
    pub hash: TokenHash,
    pub input: TokenInput,
    /// Whether who makes it has to have shown that they read their address: a token would go on being good without.
    pub verification: EmailVerification,
}

#[async_trait]
impl Command for CreateToken {
    type Output = TokenView;
    const NAME: &'static str = "token.create";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<TokenView, AppError> {
        let owner = work.viewer()?.user;
        keep(work, owner, self).await
    }
}

/// Keeps a new token of a service account.
#[derive(Clone, Debug)]
pub struct CreateServiceToken {
    pub account: UserId,
    pub token: CreateToken,
}

#[async_trait]
impl Command for CreateServiceToken {
    type Output = TokenView;
    const NAME: &'static str = "service_account.create_token";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<TokenView, AppError> {
        work.require(Permission::ManageMembers).await?;
        let (account, _) = find_service_account(work, self.account).await?;
        if !account.state().is_active() {
            return Err(OrganizationError::ServiceAccountSuspended.into());
        }
        // Who has such a token can do what the account can: it is for those who could have made the account.
        permit_service_role(work, account.state().access()).await?;
        keep(work, self.account, &self.token).await
    }
}

async fn keep(work: &mut Work<'_>, owner: UserId, create: &CreateToken) -> Result<TokenView, AppError> {
    create.verification.require_of_actor(work).await?;
    let (organization_id, now) = (work.viewer()?.organization, work.now());
    // Until the commit nobody else makes one, and the owner stays: who sets a password anew, leaves or deletes the account
    // finds this token to be revoked.
    let owner_name = match work.unit().users().find_locked(owner).await? {
        Some(user) => user.state().display_name.to_string(),
        None => return Err(AppError::NotFound("user")),
    };
    // Whoever has set a password anew since this request was let in has ended the session, and wants no new token.
    live_session(work).await?;
    if !work.unit().members().hold(owner).await? {
        return Err(AppError::NotFound("user"));
    }
    let count = work.unit().tokens().count(owner, now).await?;
    let TokenInput { name, scopes, expires_at } = create.input.clone();
    let new = NewToken {
        id: create.id,
        organization_id,
        owner_id: owner,
        name,
        scopes,
        hash: create.hash.clone(),
        expires_at,
    };
    let token = PersonalAccessToken::create(new, count, now)?;
    let state = work.unit().tokens().save(token).await?;
    Ok(TokenView::new(state, owner_name))
}
