use async_trait::async_trait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::{SignInCodeArchive, SignInCodeRepository};
use tenon_domain::identity::{SignInCode, SignInCodeState, TokenHash};
use tenon_domain::{OrganizationId, SignInCodeId, Timestamp};

use super::vouched;
use crate::persistence::entities::sign_in_code::{Column, Entity, Model};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::{Database, purge};

fn code_state(row: Model) -> Result<SignInCodeState, StoreError> {
    Ok(SignInCodeState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        vouched: vouched(&row.provider, row.organization_id)?,
        code_hash: TokenHash::new(row.code_hash),
        browser_hash: TokenHash::new(row.browser_hash),
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

#[async_trait]
impl SignInCodeRepository for SqlUnitOfWork {
    async fn issue(&mut self, code: SignInCode) -> Result<(), StoreError> {
        let state = code.into_state();
        let row = Model {
            id: state.id.uuid(),
            user_id: state.user_id.uuid(),
            provider: state.vouched.provider.to_string(),
            organization_id: state.vouched.organization.map(OrganizationId::uuid),
            code_hash: state.code_hash.as_str().to_owned(),
            browser_hash: state.browser_hash.as_str().to_owned(),
            created_at: state.created_at,
            expires_at: state.expires_at,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }

    async fn find(&mut self, id: SignInCodeId) -> Result<Option<SignInCode>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        row.map(code_state).transpose().map(|state| state.map(SignInCode::restore))
    }

    async fn remove(&mut self, id: SignInCodeId) -> Result<(), StoreError> {
        Entity::delete_by_id(id.uuid()).exec(&self.transaction).await.stored()?;
        Ok(())
    }
}

/// The sign-in codes in the database that nobody can use any more.
#[derive(Clone)]
pub struct SqlSignInCodeArchive {
    database: Database,
}

impl SqlSignInCodeArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SignInCodeArchive for SqlSignInCodeArchive {
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let expired = Condition::all().add(Column::ExpiresAt.lt(expired_before));
        purge::by_id::<Entity>(&self.database, Column::Id, expired).await
    }
}
