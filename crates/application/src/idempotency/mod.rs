//! Idempotency keys: the first outcome of a request is kept, so that a client can safely send it again.
//!
//! A key is **claimed** before its request runs. The command's own transaction marks it **committed**, so that even
//! a crash before the answer was kept cannot make a retry do the work twice. The **answer** is kept last. It is told again
//! to nobody who could not get it now: who sends the request is part of the claim.

use async_trait::async_trait;
use tenon_domain::{Timestamp, UserId};

use crate::unit_of_work::StoreError;

/// What tells the request of a key from others, and by whom it may be told again what came of it. Both are digests of one
/// length each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of the request: organization, method, path, query and body.
    pub request: String,
    /// Of the credential that it came with, and of what that was good for; see [`App::standing`](crate::App::standing).
    pub caller: String,
}

/// An answer as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAnswer {
    pub status: u16,
    /// Headers that belong to the answer, such as `Location` and `ETag`.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl StoredAnswer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// What became of an attempt to claim a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The key is new: run the request. When it was claimed tells this claim from a later one of the same key.
    Claimed(Timestamp),
    /// Another request is still running.
    Running,
    /// The first request was carried out, but its answer was lost in a crash.
    AnswerLost,
    /// The first request was answered.
    Answered(StoredAnswer),
    /// The key was used for another request.
    OtherRequest,
    /// The key was used for this request, but with another credential, or by somebody who could do something else then.
    OtherCaller,
}

/// The store of keys, outside the transactions of commands.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Claims `key` for a request with this fingerprint. A claim that neither committed nor was answered before
    /// `stale_before` may be taken over: its request most likely died with its process. Should it live after all, it
    /// may still commit, but gives nothing back and says nothing any more that the other request would be answered by.
    async fn claim(
        &self,
        user: UserId,
        key: &str,
        fingerprint: &Fingerprint,
        now: Timestamp,
        stale_before: Timestamp,
    ) -> Result<Claim, StoreError>;
    /// Keeps the answer of the request that claimed `key` at `claimed_at`: a success if it is what was committed,
    /// anything else only if the claim was not taken over and nothing was committed. Answers whether it is kept.
    async fn keep_answer(
        &self,
        user: UserId,
        key: &str,
        claimed_at: Timestamp,
        answer: &StoredAnswer,
    ) -> Result<bool, StoreError>;
    /// Gives a key back whose request never started (invalid input, say), unless the claim was taken over.
    async fn release(&self, user: UserId, key: &str, claimed_at: Timestamp) -> Result<(), StoreError>;
    /// Forgets keys claimed before `before`. Answers how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// The same store inside a command's transaction.
#[async_trait]
pub trait IdempotencyLedger: Send {
    async fn mark_committed(&mut self, user: UserId, key: &str) -> Result<(), StoreError>;
}
