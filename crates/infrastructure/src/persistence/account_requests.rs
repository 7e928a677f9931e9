//! What account owners confirm by mailed links. Like users, it belongs to no tenant.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::{AccountRequestArchive, AccountRequestRepository};
use tenon_domain::identity::{AccountRequest, AccountRequestKind, AccountRequestState, Email};
use tenon_domain::{AccountRequestId, Timestamp, UserId};
use uuid::Uuid;

use super::entities::account_request::{Column, Entity, Model};
use super::error::Stored;
use super::rows::named;
use super::unit_of_work::SqlUnitOfWork;
use super::{Database, purge};

pub(super) fn account_request_state(row: Model) -> Result<AccountRequestState, StoreError> {
    Ok(AccountRequestState {
        id: row.id.into(),
        user_id: row.user_id.map(UserId::new),
        kind: named("kind", &row.kind, AccountRequestKind::parse)?,
        email: Email::restore(row.email),
        created_at: row.created_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
    })
}

#[async_trait]
impl AccountRequestRepository for SqlUnitOfWork {
    async fn owner_of(&mut self, id: AccountRequestId) -> Result<Option<UserId>, StoreError> {
        let owner: Option<Option<Uuid>> = Entity::find_by_id(id.uuid())
            .select_only()
            .column(Column::UserId)
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(owner.flatten().map(UserId::new))
    }

    async fn find(&mut self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        row.map(account_request_state).transpose().map(|state| state.map(AccountRequest::restore))
    }

    async fn save(&mut self, request: AccountRequest) -> Result<(), StoreError> {
        let state = request.into_state();
        let row = Model {
            id: state.id.uuid(),
            user_id: state.user_id.map(UserId::uuid),
            kind: state.kind.as_str().to_owned(),
            email: state.email.to_string(),
            created_at: state.created_at,
            expires_at: state.expires_at,
            used_at: state.used_at,
        };
        Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(Column::Id).update_column(Column::UsedAt).to_owned())
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn close(
        &mut self,
        user: Option<UserId>,
        kinds: &[AccountRequestKind],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // Nobody has the nil id, and looking for it takes what looking for anybody does.
        let user = user.map_or(Uuid::nil(), UserId::uuid);
        Entity::update_many()
            .col_expr(Column::UsedAt, Expr::val(now))
            .filter(Column::UserId.eq(user))
            .filter(Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
            .filter(Column::UsedAt.is_null())
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let own = Column::UserId.eq(user.uuid());
        Entity::delete_many().filter(own).exec(&self.transaction).await.stored()?;
        Ok(())
    }
}

/// The requests in the database that nobody can use any more.
#[derive(Clone)]
pub struct SqlAccountRequestArchive {
    database: Database,
}

impl SqlAccountRequestArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl AccountRequestArchive for SqlAccountRequestArchive {
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let expired = Condition::all().add(Column::ExpiresAt.lt(expired_before));
        purge::by_id::<Entity>(&self.database, Column::Id, expired).await
    }
}
