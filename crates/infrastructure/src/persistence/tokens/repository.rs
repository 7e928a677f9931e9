use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::identity::TokenRepository;
use tenon_domain::identity::{PersonalAccessToken, PersonalAccessTokenState, TokenCount};
use tenon_domain::{Timestamp, TokenId, UserId};
use uuid::Uuid;

use super::token_state;
use crate::persistence::ROWS_PER_STATEMENT;
use crate::persistence::entities::personal_access_token::{ActiveModel, Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

impl SqlUnitOfWork {
    /// Tokens of the organization that are not revoked.
    fn unrevoked_tokens(&self) -> Result<Condition, StoreError> {
        Ok(Condition::all().add(Column::OrgId.eq(self.org()?)).add(Column::RevokedAt.is_null()))
    }

    async fn revoke_those(&mut self, unrevoked: Condition, now: Timestamp) -> Result<Vec<TokenId>, StoreError> {
        let live = unrevoked.add(unexpired(now));
        let ids: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(live.clone())
            // In one order, so that two who lock the same rows do not wait for each other.
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        for some in ids.chunks(ROWS_PER_STATEMENT) {
            Entity::update_many()
                .col_expr(Column::RevokedAt, Expr::val(now))
                .filter(live.clone())
                .filter(Column::Id.is_in(some.iter().copied()))
                .exec(&self.transaction)
                .await
                .stored()?;
        }
        Ok(ids.into_iter().map(TokenId::new).collect())
    }
}

fn unexpired(now: Timestamp) -> Condition {
    Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now))
}

#[async_trait]
impl TokenRepository for SqlUnitOfWork {
    async fn find(&mut self, id: TokenId) -> Result<Option<PersonalAccessToken>, StoreError> {
        let unrevoked = self.unrevoked_tokens()?;
        let row = Entity::find_by_id(id.uuid()).filter(unrevoked).one(&self.transaction).await.stored()?;
        Ok(row.map(token_state).map(PersonalAccessToken::restore))
    }

    async fn save(&mut self, token: PersonalAccessToken) -> Result<PersonalAccessTokenState, StoreError> {
        let (state, events) = token.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        if state.revoked_at.is_some() {
            // Revoking it takes the place of a version: nothing else ever changes.
            let changed = ActiveModel { revoked_at: Set(state.revoked_at), ..Default::default() };
            let unrevoked = self.unrevoked_tokens()?.add(Column::Id.eq(state.id.uuid()));
            versioned::update(&self.transaction, changed, unrevoked).await?;
        } else {
            let row = Model {
                id: state.id.uuid(),
                org_id: self.org()?,
                owner_id: state.owner_id.uuid(),
                name: state.name.to_string(),
                scopes: state.scopes.to_string(),
                token_hash: state.hash.as_str().to_owned(),
                created_at: state.created_at,
                expires_at: state.expires_at,
                last_used_at: state.last_used_at,
                revoked_at: None,
            };
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn count(&mut self, owner: UserId, now: Timestamp) -> Result<TokenCount, StoreError> {
        let kept = Entity::find().filter(Column::OrgId.eq(self.org()?)).filter(Column::OwnerId.eq(owner.uuid()));
        let live = kept.clone().filter(Column::RevokedAt.is_null()).filter(unexpired(now));
        Ok(TokenCount {
            live: live.count(&self.transaction).await.stored()?,
            kept: kept.count(&self.transaction).await.stored()?,
        })
    }

    async fn revoke_all(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError> {
        let unrevoked = self.unrevoked_tokens()?.add(Column::OwnerId.eq(owner.uuid()));
        self.revoke_those(unrevoked, now).await
    }

    async fn revoke_everywhere(&mut self, owner: UserId, now: Timestamp) -> Result<Vec<TokenId>, StoreError> {
        let unrevoked = Condition::all().add(Column::OwnerId.eq(owner.uuid())).add(Column::RevokedAt.is_null());
        self.revoke_those(unrevoked, now).await
    }
}
