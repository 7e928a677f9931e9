use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, Select};
use tenon_application::identity::{PasskeyQueries, PasskeyView};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted};
use tenon_domain::{PasskeyId, UserId};

use super::passkey_state;
use crate::persistence::SqlQueries;
use crate::persistence::entities::passkey::{Column, Entity};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};

fn passkeys(user: UserId) -> Select<Entity> {
    Entity::find().filter(Column::UserId.eq(user.uuid()))
}

#[async_trait]
impl PasskeyQueries for SqlQueries {
    async fn list(&self, user: UserId, request: &PageRequest<Unsorted>) -> Result<Page<PasskeyView>, StoreError> {
        let database = &self.database.primary(Scope::Deployment);
        let select = passkeys(user);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request).all(database).await.stored()?;
        let views = rows.into_iter().map(|row| PasskeyView::from(passkey_state(row))).collect();
        Ok(Page::cut(views, request.limit, total, |view: &PasskeyView| at_id(view.id.uuid())))
    }

    async fn find(&self, user: UserId, id: PasskeyId) -> Result<Option<PasskeyView>, StoreError> {
        let row = passkeys(user)
            .filter(Column::Id.eq(id.uuid()))
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(row.map(|row| PasskeyView::from(passkey_state(row))))
    }

    async fn credentials(&self, user: UserId) -> Result<Vec<String>, StoreError> {
        passkeys(user)
            .select_only()
            .column(Column::Credential)
            .into_tuple()
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()
    }
}

impl SqlQueries {
    /// How many passkeys the user has.
    pub(in crate::persistence) async fn passkeys_of(&self, user: UserId) -> Result<u64, StoreError> {
        passkeys(user).count(&self.database.primary(Scope::Deployment)).await.stored()
    }
}
