//! Second factors. Like users they belong to no tenant.

use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QuerySelect};
use tenon_application::identity::{SecondFactorRepository, SecondFactorsView};
use tenon_application::{Scope, StoreError};
use tenon_domain::identity::{SealedSecret, SecondFactor, SecondFactorState, TokenHash};
use tenon_domain::{OrganizationId, Timestamp, UserId};

use super::SqlQueries;
use super::entities::organization;
use super::entities::second_factor::{ActiveModel, Column, Entity, Model};
use super::error::Stored;
use super::rows::{from_json, to_json};
use super::unit_of_work::SqlUnitOfWork;
use super::versioned;

fn second_factor_state(row: Model) -> Result<SecondFactorState, StoreError> {
    Ok(SecondFactorState {
        user_id: row.user_id.into(),
        secret: SealedSecret { key_id: row.key_id, ciphertext: row.secret },
        confirmed_at: row.confirmed_at,
        last_step: row.last_step,
        recovery_codes: digests(&row.recovery_codes)?,
        wrong_codes: u32::try_from(row.wrong_codes).unwrap_or(u32::MAX),
        last_wrong_at: row.last_wrong_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn digests(json: &str) -> Result<Vec<TokenHash>, StoreError> {
    let digests: Vec<String> = from_json(json)?;
    Ok(digests.into_iter().map(TokenHash::new).collect())
}

fn unchanged(state: &SecondFactorState) -> Condition {
    Condition::all().add(Column::UserId.eq(state.user_id.uuid())).add(Column::Version.eq(state.version))
}

#[async_trait]
impl SecondFactorRepository for SqlUnitOfWork {
    async fn find(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError> {
        let row = Entity::find_by_id(user.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        row.map(second_factor_state).transpose().map(|state| state.map(SecondFactor::restore))
    }

    /// Always writes: a code that was used, or was wrong, is a change that no event tells of.
    async fn save(&mut self, factor: SecondFactor) -> Result<(), StoreError> {
        let (state, events) = factor.into_parts();
        let codes: Vec<&str> = state.recovery_codes.iter().map(TokenHash::as_str).collect();
        let row = Model {
            user_id: state.user_id.uuid(),
            key_id: state.secret.key_id.clone(),
            secret: state.secret.ciphertext.clone(),
            confirmed_at: state.confirmed_at,
            last_step: state.last_step,
            recovery_codes: to_json(&codes)?,
            wrong_codes: state.wrong_codes.into(),
            last_wrong_at: state.last_wrong_at,
            version: state.version + 1,
            created_at: state.created_at,
            updated_at: state.updated_at,
        };
        if state.version == 0 {
            Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = ActiveModel {
                key_id: Set(row.key_id),
                secret: Set(row.secret),
                confirmed_at: Set(row.confirmed_at),
                last_step: Set(row.last_step),
                recovery_codes: Set(row.recovery_codes),
                wrong_codes: Set(row.wrong_codes),
                last_wrong_at: Set(row.last_wrong_at),
                version: Set(row.version),
                updated_at: Set(row.updated_at),
                ..Default::default()
            };
            versioned::update(&self.transaction, changed, unchanged(&state)).await?;
        }
        self.stamp(events);
        Ok(())
    }

    async fn remove(&mut self, factor: SecondFactor) -> Result<(), StoreError> {
        let (state, events) = factor.into_parts();
        versioned::delete::<Entity>(&self.transaction, unchanged(&state)).await?;
        self.stamp(events);
        Ok(())
    }
}

impl SqlQueries {
    /// What second factor the user has.
    pub(super) async fn second_factors_of(&self, user: UserId) -> Result<SecondFactorsView, StoreError> {
        let row: Option<(Option<Timestamp>, String)> = Entity::find_by_id(user.uuid())
            .select_only()
            .columns([Column::ConfirmedAt, Column::RecoveryCodes])
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        let passkeys = self.passkeys_of(user).await?;
        let Some((confirmed_at, codes)) = row else { return Ok(SecondFactorsView { passkeys, ..Default::default() }) };
        Ok(SecondFactorsView { confirmed_at, recovery_codes_left: digests(&codes)?.len(), passkeys })
    }

    /// Whether the organization requires a second factor of its members.
    pub(super) async fn mfa_is_required_by(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        let required: Option<bool> = organization::Entity::find_by_id(organization.uuid())
            .select_only()
            .column(organization::Column::RequireMfa)
            .into_tuple()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        Ok(required.unwrap_or(false))
    }
}
