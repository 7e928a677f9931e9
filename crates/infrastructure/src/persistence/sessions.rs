//! Sessions. They belong to their users, and to no tenant.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use tenon_application::identity::{SessionRepository, SessionView};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted};
use tenon_domain::identity::{Client, Session, SessionState, SpentToken, TokenHash};
use tenon_domain::{SessionId, Timestamp, UserId};

use super::entities::session;
use super::error::Stored;
use super::keyset::{Criterion, page};
use super::unit_of_work::SqlUnitOfWork;
use super::{ROWS_PER_STATEMENT, SqlQueries};

fn session_state(row: session::Model) -> SessionState {
    let spent = row.spent_hash.zip(row.spent_at);
    SessionState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        organization_id: row.org_id.into(),
        refresh_hash: TokenHash::new(row.refresh_hash),
        spent: spent.map(|(hash, spent_at)| SpentToken {
            hash: TokenHash::new(hash),
            spent_at,
            salt: row.refresh_salt,
        }),
        client: Client { address: row.address, user_agent: row.user_agent },
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

fn session_row(state: &SessionState) -> session::Model {
    let spent = state.spent.as_ref();
    session::Model {
        id: state.id.uuid(),
        user_id: state.user_id.uuid(),
        org_id: state.organization_id.uuid(),
        refresh_hash: state.refresh_hash.as_str().to_owned(),
        spent_hash: spent.map(|spent| spent.hash.as_str().to_owned()),
        spent_at: spent.map(|spent| spent.spent_at),
        refresh_salt: spent.and_then(|spent| spent.salt.clone()),
        address: state.client.address.clone(),
        user_agent: state.client.user_agent.clone(),
        created_at: state.created_at,
        last_used_at: state.last_used_at,
        expires_at: state.expires_at,
        revoked_at: state.revoked_at,
    }
}

fn live_sessions(user: UserId, now: Timestamp) -> Select<session::Entity> {
    session::Entity::find()
        .filter(session::Column::UserId.eq(user.uuid()))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
}

#[async_trait]
impl SessionRepository for SqlUnitOfWork {
    async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = session::Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        Ok(row.map(session_state).map(Session::restore))
    }

    async fn live_of(&mut self, user: UserId) -> Result<Vec<Session>, StoreError> {
        let rows = live_sessions(user, self.now)
            // In one order, so that two who lock the same rows do not wait for each other.
            .order_by_asc(session::Column::Id)
            .lock_exclusive()
            .all(&self.transaction)
            .await
            .stored()?;
        Ok(rows.into_iter().map(session_state).map(Session::restore).collect())
    }

    async fn save(&mut self, session: Session) -> Result<(), StoreError> {
        self.save_all(vec![session]).await
    }

    /// Always writes: a rotated token is a change that no event tells of.
    async fn save_all(&mut self, sessions: Vec<Session>) -> Result<(), StoreError> {
        use session::Column;
        let mutable = [
            Column::OrgId,
            Column::RefreshHash,
            Column::SpentHash,
            Column::SpentAt,
            Column::RefreshSalt,
            Column::LastUsedAt,
            Column::ExpiresAt,
            Column::RevokedAt,
        ];
        let (states, events): (Vec<_>, Vec<_>) = sessions.into_iter().map(Session::into_parts).unzip();
        for some in states.chunks(ROWS_PER_STATEMENT) {
            session::Entity::insert_many(some.iter().map(session_row).map(IntoActiveModel::into_active_model))
                .on_conflict(OnConflict::column(Column::Id).update_columns(mutable).to_owned())
                .exec_without_returning(&self.transaction)
                .await
                .stored()?;
        }
        self.stamp(events.into_iter().flatten().collect());
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let own = session::Column::UserId.eq(user.uuid());
        session::Entity::delete_many().filter(own).exec(&self.transaction).await.stored()?;
        Ok(())
    }
}

impl SqlQueries {
    /// A page of the user's sessions that live, the last used first.
    pub(super) async fn page_of_sessions(
        &self,
        user: UserId,
        current: Option<SessionId>,
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<SessionView>, StoreError> {
        let database = &self.database.primary(Scope::Deployment);
        let select = live_sessions(user, now);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let column = |column| Expr::col((session::Entity, column));
        let used_last_first = Criterion::new(column(session::Column::LastUsedAt), true);
        let id = column(session::Column::Id);
        let select = page(self.database.backend(), select, vec![used_last_first], id, true, request);
        let rows = select.all(database).await.stored()?;
        let views = rows.into_iter().map(|row| SessionView::new(session_state(row), current)).collect();
        Ok(Page::cut(views, request.limit, total, SessionView::position))
    }
}
