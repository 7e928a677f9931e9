//! Sign-ins that wait for a second factor. They belong to no tenant.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::identity::{SignInChallengeArchive, SignInChallengeRepository};
use tenon_domain::identity::{InvitationToAccept, SignInChallenge, SignInChallengeState, TokenHash};
use tenon_domain::{OrganizationId, SignInChallengeId, Timestamp, UserId};
use uuid::Uuid;

use super::entities::sign_in_challenge::{ActiveModel, Column, Entity, Model};
use super::error::Stored;
use super::identity_providers::vouched;
use super::unit_of_work::SqlUnitOfWork;
use super::{Database, purge, versioned};

fn challenge_state(row: Model) -> Result<SignInChallengeState, StoreError> {
    let mailed = row.invitation_mailed;
    let (provider, organization) = (row.provider.as_deref(), row.organization_id);
    Ok(SignInChallengeState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        token_hash: TokenHash::new(row.token_hash),
        checked: TokenHash::new(row.checked),
        invitation: row.invitation_id.map(|id| InvitationToAccept { id: id.into(), mailed }),
        vouched: provider.map(|provider| vouched(provider, organization)).transpose()?,
        wrong_codes: u32::try_from(row.wrong_codes).unwrap_or(u32::MAX),
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

#[async_trait]
impl SignInChallengeRepository for SqlUnitOfWork {
    async fn owner_of(&mut self, id: SignInChallengeId) -> Result<Option<UserId>, StoreError> {
        let owner: Option<Uuid> = Entity::find_by_id(id.uuid())
            .select_only()
            .column(Column::UserId)
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(owner.map(UserId::new))
    }

    async fn find(&mut self, id: SignInChallengeId) -> Result<Option<SignInChallenge>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        row.map(challenge_state).transpose().map(|state| state.map(SignInChallenge::restore))
    }

    async fn pose(&mut self, challenge: SignInChallenge) -> Result<(), StoreError> {
        let state = challenge.into_state();
        let row = Model {
            id: state.id.uuid(),
            user_id: state.user_id.uuid(),
            token_hash: state.token_hash.as_str().to_owned(),
            checked: state.checked.as_str().to_owned(),
            invitation_id: state.invitation.map(|invitation| invitation.id.uuid()),
            invitation_mailed: state.invitation.is_some_and(|invitation| invitation.mailed),
            provider: state.vouched.as_ref().map(|vouched| vouched.provider.to_string()),
            organization_id: state.vouched.and_then(|vouched| vouched.organization).map(OrganizationId::uuid),
            wrong_codes: state.wrong_codes.into(),
            created_at: state.created_at,
            expires_at: state.expires_at,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        Ok(())
    }

    async fn save(&mut self, challenge: SignInChallenge) -> Result<(), StoreError> {
        let state = challenge.into_state();
        let changed = ActiveModel { wrong_codes: Set(state.wrong_codes.into()), ..Default::default() };
        versioned::update(&self.transaction, changed, Condition::all().add(Column::Id.eq(state.id.uuid()))).await
    }

    async fn remove(&mut self, id: SignInChallengeId) -> Result<(), StoreError> {
        Entity::delete_by_id(id.uuid()).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    async fn follow_hash(&mut self, user: UserId, from: &TokenHash, to: &TokenHash) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::Checked, Expr::val(to.as_str()))
            .filter(Column::UserId.eq(user.uuid()))
            .filter(Column::Checked.eq(from.as_str()))
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

/// The sign-ins in the database that nobody goes on with any more.
#[derive(Clone)]
pub struct SqlSignInChallengeArchive {
    database: Database,
}

impl SqlSignInChallengeArchive {
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl SignInChallengeArchive for SqlSignInChallengeArchive {
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError> {
        let expired = Condition::all().add(Column::ExpiresAt.lt(expired_before));
        purge::by_id::<Entity>(&self.database, Column::Id, expired).await
    }
}
