//! Idempotency keys.
//!
//! A row is `running` from its claim, `committed` by the transaction of the command, and `answered` once the answer
//! is kept.

use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use tenon_application::StoreError;
use tenon_application::idempotency::{Claim, IdempotencyKeys, IdempotencyLedger, StoredAnswer};
use tenon_domain::{Timestamp, UserId};

use super::Database;
use super::entities::idempotency_key::{ActiveModel, Column, Entity, Model};
use super::error::Stored;
use super::rows::{from_json, to_json};
use super::unit_of_work::SqlUnitOfWork;

const RUNNING: &str = "running";
const COMMITTED: &str = "committed";
const ANSWERED: &str = "answered";

/// How often a claim looks again at a key that others give back at the same time.
const MAX_LOOKS: usize = 3;

/// The keys in the database.
#[derive(Clone)]
pub struct SqlIdempotencyKeys {
    database: Database,
}

impl SqlIdempotencyKeys {
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Takes the claim of a request that died; `false` when somebody was faster.
    async fn take_over(&self, dead: &Model, now: Timestamp) -> Result<bool, StoreError> {
        let taken = Entity::update_many()
            .set(ActiveModel { claimed_at: Set(now), ..Default::default() })
            .filter(is_key(dead.user_id.into(), &dead.key))
            .filter(Column::State.eq(RUNNING))
            .filter(Column::ClaimedAt.eq(dead.claimed_at))
            .exec(self.database.connection())
            .await
            .stored()?;
        Ok(taken.rows_affected > 0)
    }
}

fn is_key(user: UserId, key: &str) -> Condition {
    Condition::all().add(Column::UserId.eq(user.uuid())).add(Column::Key.eq(key))
}

fn answer(row: Model) -> Result<StoredAnswer, StoreError> {
    let status = row.status.and_then(|status| u16::try_from(status).ok());
    Ok(StoredAnswer {
        status: status.ok_or_else(|| StoreError::Broken("a kept answer has no valid status".into()))?,
        headers: row.headers.as_deref().map(from_json).transpose()?.unwrap_or_default(),
        body: row.body.unwrap_or_default(),
    })
}

#[async_trait]
impl IdempotencyKeys for SqlIdempotencyKeys {
    async fn claim(
        &self,
        user: UserId,
        key: &str,
        fingerprint: &str,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Claim, StoreError> {
        for _ in 0..MAX_LOOKS {
            let row = Model {
                user_id: user.uuid(),
                key: key.to_owned(),
                fingerprint: fingerprint.to_owned(),
                state: RUNNING.to_owned(),
                status: None,
                headers: None,
                body: None,
                claimed_at: now,
            };
            // The insert decides the race: it succeeds for one request only.
            let inserted =
                Entity::insert(row.into_active_model()).exec_without_returning(self.database.connection()).await;
            match inserted.stored() {
                Ok(_) => return Ok(Claim::Claimed),
                Err(StoreError::Duplicate(_)) => {}
                Err(error) => return Err(error),
            }
            let found = Entity::find().filter(is_key(user, key)).one(self.database.connection()).await.stored()?;
            // Given back since: claim it again.
            let Some(row) = found else { continue };
            let is_dead = row.claimed_at < stale_before;
            return match row.state.as_str() {
                _ if row.fingerprint != fingerprint => Ok(Claim::OtherRequest),
                ANSWERED => Ok(Claim::Answered(answer(row)?)),
                COMMITTED if is_dead => Ok(Claim::AnswerLost),
                RUNNING if is_dead && self.take_over(&row, now).await? => Ok(Claim::Claimed),
                // Committed, but its answer is still on the way; or taken over by somebody else.
                COMMITTED | RUNNING => Ok(Claim::Running),
                state => Err(StoreError::Broken(format!("unknown state of an idempotency key: {state:?}"))),
            };
        }
        Ok(Claim::Running)
    }

    async fn keep_answer(&self, user: UserId, key: &str, answer: &StoredAnswer) -> Result<(), StoreError> {
        let kept = ActiveModel {
            state: Set(ANSWERED.to_owned()),
            status: Set(Some(i32::from(answer.status))),
            headers: Set(Some(to_json(&answer.headers)?)),
            body: Set(Some(answer.body.clone())),
            ..Default::default()
        };
        Entity::update_many().set(kept).filter(is_key(user, key)).exec(self.database.connection()).await.stored()?;
        Ok(())
    }

    async fn release(&self, user: UserId, key: &str) -> Result<(), StoreError> {
        // What was carried out is never given back.
        Entity::delete_many()
            .filter(is_key(user, key))
            .filter(Column::State.eq(RUNNING))
            .exec(self.database.connection())
            .await
            .stored()?;
        Ok(())
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let purged = Entity::delete_many()
            .filter(Column::ClaimedAt.lt(before))
            .exec(self.database.connection())
            .await
            .stored()?;
        Ok(purged.rows_affected)
    }
}

#[async_trait]
impl IdempotencyLedger for SqlUnitOfWork {
    async fn mark_committed(&mut self, user: UserId, key: &str) -> Result<(), StoreError> {
        let marked = Entity::update_many()
            .set(ActiveModel { state: Set(COMMITTED.to_owned()), ..Default::default() })
            .filter(is_key(user, key))
            .filter(Column::State.eq(RUNNING))
            .exec(&self.transaction)
            .await
            .stored()?;
        // The claim was taken over and carried out: this request came back from the dead, and must not do it again.
        if marked.rows_affected == 0 { Err(StoreError::Stale) } else { Ok(()) }
    }
}
