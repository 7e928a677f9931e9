use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter};
use tenon_application::identity::TokenArchive;
use tenon_application::{Scope, StoreError};
use tenon_domain::{OrganizationId, Timestamp, TokenId};

use crate::persistence::entities::personal_access_token::{Column, Entity};
use crate::persistence::error::Stored;
use crate::persistence::{Database, purge};

/// The tokens in the database, beside the use cases.
#[derive(Clone)]
pub struct SqlTokenArchive {
    database: Database,
}

impl SqlTokenArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl TokenArchive for SqlTokenArchive {
    async fn note_use(&self, organization: OrganizationId, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let transaction = self.database.begin(Scope::Organization(organization), None).await?;
        let earlier = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(at));
        Entity::update_many()
            .col_expr(Column::LastUsedAt, Expr::val(at))
            .filter(Column::Id.eq(token.uuid()))
            .filter(Column::OrgId.eq(organization.uuid()))
            .filter(earlier)
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await
    }

    async fn purge(&self, ended_before: Timestamp) -> Result<u64, StoreError> {
        let ended = Condition::any().add(Column::ExpiresAt.lt(ended_before)).add(Column::RevokedAt.lt(ended_before));
        purge::by_id::<Entity>(&self.database, Column::Id, ended).await
    }
}
