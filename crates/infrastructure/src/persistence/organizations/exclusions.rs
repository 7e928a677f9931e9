//! Who was removed, and does not join again by themselves.

use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use tenon_application::StoreError;
use tenon_domain::{Timestamp, UserId};

use crate::persistence::entities::organization_exclusion::{Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;

impl SqlUnitOfWork {
    pub(super) async fn add_exclusion(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.drop_exclusion(user).await?;
        let row = Model { org_id: self.org()?, user_id: user.uuid(), excluded_at: now };
        Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }

    pub(super) async fn drop_exclusion(&mut self, user: UserId) -> Result<(), StoreError> {
        Entity::delete_by_id((self.org()?, user.uuid())).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    /// Of all organizations: row-level security lets them be reached as long as none was entered.
    pub(super) async fn drop_exclusions_everywhere(&mut self, user: UserId) -> Result<(), StoreError> {
        Entity::delete_many().filter(Column::UserId.eq(user.uuid())).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    pub(super) async fn has_exclusion(&mut self, user: UserId) -> Result<bool, StoreError> {
        let row = Entity::find_by_id((self.org()?, user.uuid())).one(&self.transaction).await.stored()?;
        Ok(row.is_some())
    }
}
