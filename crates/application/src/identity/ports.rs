use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{Email, Password, PasswordHash, Session, TokenHash, User, UserState};
use tenon_domain::{OrganizationId, SessionId, Timestamp, UserId};

use super::UserView;
use crate::actor::Denial;
use crate::error::AppError;
use crate::unit_of_work::StoreError;

/// Users in a unit of work. Users belong to no tenant.
#[async_trait]
pub trait UserRepository: Send {
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken address is [`StoreError::Duplicate`].
    async fn save(&mut self, user: User) -> Result<UserState, StoreError>;
    /// How to address these users; unknown ones are left out.
    async fn contacts(&mut self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError>;
}

/// How to address a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserContact {
    pub id: UserId,
    pub display_name: String,
    pub email: String,
}

/// Sessions in a unit of work.
#[async_trait]
pub trait SessionRepository: Send {
    /// Locks the row, so that of two concurrent uses of a refresh token the second sees the first.
    async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;
    async fn save(&mut self, session: Session) -> Result<(), StoreError>;
}

/// The sessions that are over, across users.
#[async_trait]
pub trait SessionArchive: Send + Sync {
    /// Forgets the sessions that expired or were revoked before then. Answers how many.
    async fn purge(&self, ended_before: Timestamp) -> Result<u64, StoreError>;
}

/// What signing in compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user_id: UserId,
    pub password_hash: PasswordHash,
}

/// What authentication needs to know of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    pub user_id: UserId,
    pub expires_at: Timestamp,
    pub revoked: bool,
}

/// The read side of identity. Always reads the primary database: a replica may not know of a revocation yet.
#[cfg_attr(test, mockall::automock)]
#[async_trait]
pub trait IdentityQueries: Send + Sync {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;
    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError>;
    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>, StoreError>;
    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError>;
    /// How to address these users; unknown ones are left out.
    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError>;
}

/// Hashes passwords, away from the threads that serve requests, and a bounded number at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Refuses while too many passwords are waiting to be hashed. Asked first, so that who is sent away costs no query.
    fn check_room(&self) -> Result<(), AppError>;
    async fn hash(&self, password: Password) -> Result<PasswordHash, AppError>;
    /// Whether the password is the one of the hash. Takes the same time for an account that does not exist (`None`).
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, AppError>;
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    pub user: UserId,
    pub organization: OrganizationId,
    pub session: SessionId,
    pub role: OrganizationRole,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Issues and reads access tokens.
pub trait AccessTokens: Send + Sync {
    fn issue(&self, claims: &Claims) -> Result<String, AppError>;
    /// The claims of an authentic token that has not expired.
    fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Denial>;
}

/// Makes random tokens and their digests.
pub trait SecretTokens: Send + Sync {
    /// 256 random bits in base64url.
    fn random(&self) -> String;
    fn digest(&self, token: &str) -> TokenHash;
}
