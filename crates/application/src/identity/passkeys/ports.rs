use async_trait::async_trait;
use serde_json::Value;
use tenon_domain::identity::{Passkey, PasskeyState, TokenHash};
use tenon_domain::{PasskeyId, Timestamp, UserId};

use super::PasskeyView;
use crate::error::AppError;
use crate::identity::UserView;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Passkeys in a unit of work. Like users they belong to no tenant.
#[async_trait]
pub trait PasskeyRepository: Send {
    /// Locks the row.
    async fn find(&mut self, id: PasskeyId) -> Result<Option<Passkey>, StoreError>;
    /// Whoever's it is. Locks the row, so that of two concurrent uses the second sees the counter of the first.
    async fn find_by_credential(&mut self, digest: &TokenHash) -> Result<Option<Passkey>, StoreError>;
    /// Those of a user. Locks their rows.
    async fn all_of(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError>;
    /// How many the user has.
    async fn count(&mut self, user: UserId) -> Result<u64, StoreError>;
    /// Writes the row, checks its version and stores the events. A credential that is registered already is
    /// [`StoreError::Duplicate`].
    async fn save(&mut self, passkey: Passkey) -> Result<PasskeyState, StoreError>;
    /// Deletes the row, if its version is the one that was read, and stores the events.
    async fn remove(&mut self, passkey: Passkey) -> Result<(), StoreError>;
    /// Forgets all of a user, without an event for each.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
    /// Notes that a ceremony is finished. One that was before is [`StoreError::Duplicate`].
    async fn finish(&mut self, ceremony: &TokenHash, expires_at: Timestamp) -> Result<(), StoreError>;
}

/// The read side of passkeys. Always reads the primary database: a replica may not know yet of one that was removed.
#[async_trait]
pub trait PasskeyQueries: Send + Sync {
    /// The user's passkeys, newest first.
    async fn list(&self, user: UserId, request: &PageRequest<Unsorted>) -> Result<Page<PasskeyView>, StoreError>;
    /// One of the user's.
    async fn find(&self, user: UserId, id: PasskeyId) -> Result<Option<PasskeyView>, StoreError>;
    /// What the verifier knows of each of the user's.
    async fn credentials(&self, user: UserId) -> Result<Vec<String>, StoreError>;
}

/// The ceremonies that are finished, across users.
#[async_trait]
pub trait PasskeyCeremonyArchive: Send + Sync {
    /// Forgets those that would have expired before then. Answers how many.
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError>;
}

/// What a ceremony begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct CeremonyStart {
    /// For the browser: what `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes.
    pub options: Value,
    /// For the verifier, when what was signed comes back.
    pub state: String,
}

/// A credential that an authenticator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// What the authenticator calls it, in base64url.
    pub id: String,
    /// What the verifier needs of it from now on. Nothing in it is secret.
    pub credential: String,
    pub synced: bool,
}

/// Which credential somebody says they have signed with, and whose it is. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionClaim {
    pub credential_id: String,
    /// What the authenticator knows its user by, if it says so.
    pub user: Option<UserId>,
}

/// What became of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assertion {
    /// It is the credential's, its user was verified by the authenticator, and it was made on a page of ours.
    Genuine {
        credential: String,
        synced: bool,
    },
    /// It is, but the signature counter has gone back.
    CounterReused,
    Refused,
}

/// WebAuthn as a relying party does it (W3C Web Authentication Level 3, 7.1 and 7.2). User verification is always
/// required.
pub trait PasskeyVerifier: Send + Sync {
    /// Whether the deployment has an address that passkeys can be bound to.
    fn is_available(&self) -> bool;
    /// Begins to register a passkey of a user, on a device that has none of these.
    fn begin_registration(&self, user: &UserView, present: &[String]) -> Result<CeremonyStart, AppError>;
    /// The credential that was made. `None` for what is none, or was made elsewhere or for another ceremony.
    fn register(&self, state: &str, response: &Value) -> Option<NewCredential>;
    /// Begins a sign-in with one of these, or with whatever passkey the device has for us.
    fn begin_assertion(&self, allowed: &[String]) -> Result<CeremonyStart, AppError>;
    /// Which credential a response is about. `None` for what is no response.
    fn identify(&self, response: &Value) -> Option<AssertionClaim>;
    /// Whether the response was signed with this credential, for this ceremony.
    fn verify(&self, state: &str, response: &Value, credential: &str) -> Assertion;
}
