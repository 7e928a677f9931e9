//! The addresses of people who were kept out and have given them up.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::AddressDigest;
use tenon_application::organizations::ExcludedAddressRepository;
use tenon_domain::{Timestamp, UserId};
use uuid::Uuid;

use crate::persistence::ROWS_PER_STATEMENT;
use crate::persistence::entities::excluded_address::{ActiveModel, Column, Entity, Model};
use crate::persistence::entities::{member, organization_exclusion};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;

#[async_trait]
impl ExcludedAddressRepository for SqlUnitOfWork {
    async fn exclude(&mut self, user: UserId, address: &AddressDigest, now: Timestamp) -> Result<(), StoreError> {
        let row = |organization: Uuid| {
            let address_digest = address.as_str().to_owned();
            Model { org_id: organization, address_digest, excluded_at: now }.into_active_model()
        };
        let rows: Vec<ActiveModel> = self.keeping_out(user).await?.into_iter().map(row).collect();
        let once =
            OnConflict::columns([Column::OrgId, Column::AddressDigest]).do_nothing_on([Column::OrgId]).to_owned();
        for some in rows.chunks(ROWS_PER_STATEMENT) {
            Entity::insert_many(some.to_vec())
                .on_conflict(once.clone())
                .exec_without_returning(&self.transaction)
                .await
                .stored()?;
        }
        Ok(())
    }

    async fn readmit(&mut self, address: &AddressDigest) -> Result<(), StoreError> {
        let row = (self.org()?, address.as_str().to_owned());
        Entity::delete_by_id(row).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    async fn is_excluded(&mut self, address: &AddressDigest) -> Result<bool, StoreError> {
        let row = (self.org()?, address.as_str().to_owned());
        Ok(Entity::find_by_id(row).one(&self.transaction).await.stored()?.is_some())
    }
}

impl SqlUnitOfWork {
    /// The organizations where a user is suspended, or was removed. Row-level security lets all be reached as long as none
    /// was entered.
    async fn keeping_out(&mut self, user: UserId) -> Result<BTreeSet<Uuid>, StoreError> {
        let suspended: Vec<Uuid> = member::Entity::find()
            .select_only()
            .column(member::Column::OrgId)
            .filter(member::Column::UserId.eq(user.uuid()))
            .filter(member::Column::SuspendedAt.is_not_null())
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        let removed: Vec<Uuid> = organization_exclusion::Entity::find()
            .select_only()
            .column(organization_exclusion::Column::OrgId)
            .filter(organization_exclusion::Column::UserId.eq(user.uuid()))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        Ok(suspended.into_iter().chain(removed).collect())
    }
}
