//! Idempotency keys.
//!
//! A row is `running` from its claim, `committed` by the transaction of the command, and `answered` once the answer
//! is kept.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect};
use tenon_application::StoreError;
use tenon_application::idempotency::{Claim, Fingerprint, IdempotencyKeys, IdempotencyLedger, StoredAnswer};
use tenon_domain::{Timestamp, UserId};
use uuid::Uuid;

use super::entities::idempotency_key::{ActiveModel, Column, Entity, Model};
use super::error::Stored;
use super::rows::{from_json, to_json};
use super::transaction::Transaction;
use super::unit_of_work::SqlUnitOfWork;
use super::{Database, purge};

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

    async fn claim_in(
        &self,
        transaction: &Transaction,
        user: UserId,
        key: &str,
        fingerprint: &Fingerprint,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Claim, StoreError> {
        for _ in 0..MAX_LOOKS {
            let row = Model {
                user_id: user.uuid(),
                key: key.to_owned(),
                fingerprint: in_one_column(fingerprint),
                state: RUNNING.to_owned(),
                status: None,
                headers: None,
                body: None,
                claimed_at: now,
            };
            // The insert decides the race: it succeeds for one request only.
            let inserted = Entity::insert(row.into_active_model()).exec_without_returning(transaction).await;
            match inserted.stored() {
                Ok(_) => return Ok(Claim::Claimed(now)),
                Err(StoreError::Duplicate(_)) => {}
                Err(error) => return Err(error),
            }
            let found = Entity::find().filter(is_key(user, key)).one(transaction).await.stored()?;
            // Given back since: claim it again.
            let Some(row) = found else { continue };
            let is_dead = row.claimed_at < stale_before;
            return match row.state.as_str() {
                _ if !row.fingerprint.starts_with(&fingerprint.request) => Ok(Claim::OtherRequest),
                _ if row.fingerprint != in_one_column(fingerprint) => Ok(Claim::OtherCaller),
                ANSWERED => Ok(Claim::Answered(answer(row)?)),
                COMMITTED if is_dead => Ok(Claim::AnswerLost),
                RUNNING if is_dead && self.take_over(transaction, &row, now).await? => Ok(Claim::Claimed(now)),
                // Committed, but its answer is still on the way; or taken over by somebody else.
                COMMITTED | RUNNING => Ok(Claim::Running),
                state => Err(StoreError::Broken(format!("unknown state of an idempotency key: {state:?}"))),
            };
        }
        Ok(Claim::Running)
    }

    /// Takes the claim of a request that died; `false` when somebody was faster.
    async fn take_over(&self, transaction: &Transaction, dead: &Model, now: Timestamp) -> Result<bool, StoreError> {
        let taken = Entity::update_many()
            .set(ActiveModel { claimed_at: Set(now), ..Default::default() })
            .filter(is_key(dead.user_id.into(), &dead.key))
            .filter(Column::State.eq(RUNNING))
            .filter(Column::ClaimedAt.eq(dead.claimed_at))
            .exec(transaction)
            .await
            .stored()?;
        Ok(taken.rows_affected > 0)
    }
}

/// Both digests in one column, that of the request first.
fn in_one_column(Fingerprint { request, caller }: &Fingerprint) -> String {
    format!("{request}{caller}")
}

fn is_key(user: UserId, key: &str) -> Condition {
    Condition::all().add(Column::UserId.eq(user.uuid())).add(Column::Key.eq(key))
}

/// Whether this claim is still the one of the key, and nothing was committed under it.
fn is_claim(claimed_at: Timestamp) -> Condition {
    Condition::all().add(Column::State.eq(RUNNING)).add(Column::ClaimedAt.eq(claimed_at))
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
        fingerprint: &Fingerprint,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Claim, StoreError> {
        let transaction = self.database.single().await?;
        let claim = self.claim_in(&transaction, user, key, fingerprint, now, stale_before).await?;
        transaction.commit().await?;
        Ok(claim)
    }

    async fn keep_answer(
        &self,
        user: UserId,
        key: &str,
        claimed_at: Timestamp,
        answer: &StoredAnswer,
    ) -> Result<bool, StoreError> {
        let mut may_answer = Condition::any().add(is_claim(claimed_at));
        if answer.is_success() {
            // Only one request commits, and it succeeds, whoever took its claim over meanwhile.
            may_answer = may_answer.add(Column::State.eq(COMMITTED));
        }
        let kept = ActiveModel {
            state: Set(ANSWERED.to_owned()),
            status: Set(Some(i32::from(answer.status))),
            headers: Set(Some(to_json(&answer.headers)?)),
            body: Set(Some(answer.body.clone())),
            ..Default::default()
        };
        let transaction = self.database.single().await?;
        let is_key = is_key(user, key);
        let kept =
            Entity::update_many().set(kept).filter(is_key).filter(may_answer).exec(&transaction).await.stored()?;
        transaction.commit().await?;
        Ok(kept.rows_affected > 0)
    }

    async fn release(&self, user: UserId, key: &str, claimed_at: Timestamp) -> Result<(), StoreError> {
        let transaction = self.database.single().await?;
        // What was carried out is never given back, nor what another request runs under by now.
        Entity::delete_many()
            .filter(is_key(user, key))
            .filter(is_claim(claimed_at))
            .exec(&transaction)
            .await
            .stored()?;
        transaction.commit().await
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let key = [Column::UserId, Column::Key];
        let old = Entity::find().select_only().columns(key).filter(Column::ClaimedAt.lt(before));
        let forget = |keys: Vec<(Uuid, String)>| {
            // Those that were claimed again since are kept.
            let old = Entity::delete_many().filter(Column::ClaimedAt.lt(before));
            old.filter(Expr::tuple(key.map(Expr::col)).in_tuples(keys))
        };
        purge::in_batches(&self.database, old, forget).await
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
