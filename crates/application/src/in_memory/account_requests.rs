use async_trait::async_trait;
use tenon_domain::identity::{AccountRequest, AccountRequestKind};
use tenon_domain::{AccountRequestId, Timestamp, UserId};
use uuid::Uuid;

use super::unit::MemoryUnit;
use crate::identity::{AccountRequestRepository, AccountTokens};
use crate::unit_of_work::StoreError;

#[async_trait]
impl AccountRequestRepository for MemoryUnit {
    async fn owner_of(&mut self, id: AccountRequestId) -> Result<Option<UserId>, StoreError> {
        Ok(self.data.account_requests.iter().find(|it| it.id == id).and_then(|it| it.user_id))
    }

    async fn find(&mut self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError> {
        Ok(self.data.account_requests.iter().find(|it| it.id == id).cloned().map(AccountRequest::restore))
    }

    async fn save(&mut self, request: AccountRequest) -> Result<(), StoreError> {
        let state = request.into_state();
        self.data.account_requests.retain(|it| it.id != state.id);
        self.data.account_requests.push(state);
        Ok(())
    }

    async fn close(
        &mut self,
        user: Option<UserId>,
        kinds: &[AccountRequestKind],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(user) = user else { return Ok(()) };
        let of_user = self.data.account_requests.iter_mut().filter(|it| it.user_id == Some(user));
        for request in of_user.filter(|it| kinds.contains(&it.kind) && it.used_at.is_none()) {
            request.used_at = Some(now);
        }
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.account_requests.retain(|it| it.user_id != Some(user));
        Ok(())
    }
}

/// The token of a request is what it is for, and its id.
pub(crate) struct PlainAccountTokens;

impl AccountTokens for PlainAccountTokens {
    fn issue(&self, kind: AccountRequestKind, id: AccountRequestId) -> String {
        format!("{kind}.{id}")
    }

    fn read(&self, kind: AccountRequestKind, token: &str) -> Option<AccountRequestId> {
        let id = token.strip_prefix(kind.as_str())?.strip_prefix('.')?;
        Uuid::parse_str(id).ok().map(AccountRequestId::new)
    }

    fn url(&self, kind: AccountRequestKind, token: &str) -> String {
        format!("https://tenon.example/account/{kind}?token={token}")
    }
}
