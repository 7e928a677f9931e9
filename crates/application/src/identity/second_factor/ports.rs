use std::fmt;

use async_trait::async_trait;
use tenon_domain::identity::{RecoveryCode, SecondFactor, SignInChallenge, TokenHash, TotpSecret};
use tenon_domain::{SignInChallengeId, Timestamp, UserId};

use crate::error::AppError;
use crate::unit_of_work::StoreError;

/// Second factors in a unit of work. Like users they belong to no tenant.
#[async_trait]
pub trait SecondFactorRepository: Send {
    /// Locks the row, so that of two concurrent uses of a code the second sees the first.
    async fn find(&mut self, user: UserId) -> Result<Option<SecondFactor>, StoreError>;
    /// Writes the row, checks its version and stores the events.
    async fn save(&mut self, factor: SecondFactor) -> Result<(), StoreError>;
    /// Deletes the row, if its version is the one that was read, and stores the events.
    async fn remove(&mut self, factor: SecondFactor) -> Result<(), StoreError>;
}

/// Sign-ins that wait for a second factor, in a unit of work. They belong to no tenant.
#[async_trait]
pub trait SignInChallengeRepository: Send {
    /// Whose it is. Locks nothing: their row is to be locked before it.
    async fn owner_of(&mut self, id: SignInChallengeId) -> Result<Option<UserId>, StoreError>;
    /// Locks the row, so that of two concurrent attempts the second sees the first.
    async fn find(&mut self, id: SignInChallengeId) -> Result<Option<SignInChallenge>, StoreError>;
    async fn pose(&mut self, challenge: SignInChallenge) -> Result<(), StoreError>;
    /// Stores how many wrong codes there were.
    async fn save(&mut self, challenge: SignInChallenge) -> Result<(), StoreError>;
    /// Forgets one that was met or is worthless.
    async fn remove(&mut self, id: SignInChallengeId) -> Result<(), StoreError>;
    /// Has those of a user that were begun with a password go on with a better hash of it: both are digests of hashes.
    async fn follow_hash(&mut self, user: UserId, from: &TokenHash, to: &TokenHash) -> Result<(), StoreError>;
    /// Forgets all of a user.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// The sign-ins that nobody goes on with any more.
#[async_trait]
pub trait SignInChallengeArchive: Send + Sync {
    /// Forgets those that expired before then. Answers how many.
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError>;
}

/// Time-based one-time passwords as authenticator apps make them (RFC 6238: SHA-1, 6 digits, 30 s), and the random
/// parts of second factors.
pub trait OneTimeCodes: Send + Sync {
    fn new_secret(&self) -> TotpSecret;
    fn new_recovery_code(&self) -> RecoveryCode;
    /// The time step whose code this is: the present one, or the one before or after it, because clocks differ.
    fn step_of(&self, secret: &TotpSecret, digits: &str, now: Timestamp) -> Result<Option<i64>, AppError>;
    /// What an authenticator app is set up with. `account` is what it shows.
    fn enrollment(&self, secret: &TotpSecret, account: &str) -> Result<TotpEnrollment, AppError>;
}

/// What an authenticator app is set up with, three times the same.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpEnrollment {
    /// In base 32, to be typed.
    pub secret: String,
    /// `otpauth://totp/…`, to be opened.
    pub otpauth_url: String,
    /// An SVG image of the address, to be photographed.
    pub qr_svg: String,
}

impl fmt::Debug for TotpEnrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpEnrollment(…)")
    }
}
