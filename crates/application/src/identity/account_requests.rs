//! What an account's owner confirms by a mailed link: made and redeemed.

use async_trait::async_trait;
use tenon_domain::identity::{AccountRequest, AccountRequestKind, Email, User};
use tenon_domain::{AccountRequestId, Timestamp, UserId};
use uuid::Uuid;

use crate::actor::Denial;
use crate::command::Work;
use crate::error::AppError;
use crate::unit_of_work::StoreError;

/// Account requests in a unit of work. Like users they belong to no tenant.
#[async_trait]
pub trait AccountRequestRepository: Send {
    /// Whose it is, if it is anybody's.
    async fn owner_of(&mut self, id: AccountRequestId) -> Result<Option<UserId>, StoreError>;
    /// Locks the row, so that of two concurrent uses of a link the second sees the first.
    async fn find(&mut self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError>;
    /// Stores a new one, or that it was used.
    async fn save(&mut self, request: AccountRequest) -> Result<(), StoreError>;
    /// Makes the open requests of a user of these kinds worthless. For nobody it does the same work.
    async fn close(
        &mut self,
        user: Option<UserId>,
        kinds: &[AccountRequestKind],
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Deletes all requests of a user, whose addresses they hold.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// The requests that nobody can use any more.
#[async_trait]
pub trait AccountRequestArchive: Send + Sync {
    /// Forgets the requests that expired before then. Answers how many.
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError>;
}

/// Makes and reads the one-time tokens of account requests. A token is derived from the request, what it is for and a
/// secret, so that it need not be stored anywhere.
pub trait AccountTokens: Send + Sync {
    fn issue(&self, kind: AccountRequestKind, id: AccountRequestId) -> String;
    /// The request of an authentic token that was issued for this.
    fn read(&self, kind: AccountRequestKind, token: &str) -> Option<AccountRequestId>;
    /// Where a token for this is used: the public address with the token.
    fn url(&self, kind: AccountRequestKind, token: &str) -> String;
}

/// Stores a request. Earlier ones of the user stay good: whoever asks need not be the one who has their mail. For
/// nobody it does the same work.
pub(crate) async fn open_request(
    work: &mut Work<'_>,
    user: Option<UserId>,
    kind: AccountRequestKind,
    email: &Email,
) -> Result<Uuid, AppError> {
    let (id, now): (AccountRequestId, _) = (work.next_id(), work.now());
    work.unit().account_requests().save(AccountRequest::make(id, user, kind, email.clone(), now)).await?;
    Ok(id.uuid())
}

/// Uses a request up, and makes the others of its user for the same worthless. Answers whose it was, locked, and the
/// address that its link went to.
pub(crate) async fn redeem_request(
    work: &mut Work<'_>,
    id: AccountRequestId,
    kind: AccountRequestKind,
) -> Result<(User, Email), AppError> {
    let refused = AppError::Unauthenticated(Denial::InvalidAccountToken);
    let now = work.now();
    let owner = work.unit().account_requests().owner_of(id).await?.ok_or_else(|| refused.clone())?;
    let user = work.unit().users().find_locked(owner).await?.ok_or_else(|| refused.clone())?;
    let mut request = work.unit().account_requests().find(id).await?.ok_or_else(|| refused.clone())?;
    let owner = request.redeem(kind, now).ok_or(refused)?;
    let email = request.state().email.clone();
    work.unit().account_requests().save(request).await?;
    work.unit().account_requests().close(Some(owner), &[kind], now).await?;
    Ok((user, email))
}
