use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permissions};
use tenon_domain::identity::{
    AccountRequest, Email, Password, PasswordHash, Session, TokenHash, User, UserKind, UserState,
};
use tenon_domain::{AccountRequestId, CustomRoleId, OrganizationId, SessionId, Timestamp, TokenId, UserId, Version};

use super::{SecondFactorsView, SessionView, SubjectFacts, TokenFacts, TokenSubject, UserView};
use crate::actor::Denial;
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Users in a unit of work. Users belong to no tenant.
#[async_trait]
pub trait UserRepository: Send {
    /// To be read: others may be changing it. There is no user any more whose account is deleted.
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError>;
    /// Locks the row. For whatever begins sessions or ends them, and changes what shows who somebody is: of two such
    /// things at the same time the second sees the first. It comes before what belongs to the user is locked.
    async fn find_locked(&mut self, id: UserId) -> Result<Option<User>, StoreError>;
    /// Writes the row, checks its version and stores the events. A taken address is [`StoreError::Duplicate`].
    async fn save(&mut self, user: User) -> Result<UserState, StoreError>;
    /// The person with this address, whose account is not deleted. Locks nothing: waiting would tell that there is somebody.
    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError>;
    /// Replaces the hash of the same password by a better one, unless the password was changed since.
    async fn replace_hash(&mut self, user: UserId, old: &PasswordHash, new: PasswordHash) -> Result<(), StoreError>;
    /// How to address these users; unknown and deleted ones are left out.
    async fn contacts(&mut self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError>;
}

/// How to address a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserContact {
    pub id: UserId,
    pub display_name: String,
    pub email: String,
}

impl UserContact {
    /// Whether somebody could read what is sent to the address.
    pub fn takes_mail(&self) -> bool {
        Email::restore(self.email.clone()).takes_mail()
    }
}

/// Sessions in a unit of work.
#[async_trait]
pub trait SessionRepository: Send {
    /// Locks the row, so that of two concurrent uses of a refresh token the second sees the first.
    async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;
    /// The user's sessions that live. Locks their rows.
    async fn live_of(&mut self, user: UserId) -> Result<Vec<Session>, StoreError>;
    async fn save(&mut self, session: Session) -> Result<(), StoreError>;
    /// Like [`SessionRepository::save`], in as few statements as the store allows.
    async fn save_all(&mut self, sessions: Vec<Session>) -> Result<(), StoreError>;
    /// Deletes all sessions of a user, also those that are over.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
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
    pub email_verified: bool,
    pub version: Version,
}

impl Credentials {
    /// Whether the password is another one by now. A better hash of the same password leaves the version alone.
    pub(crate) fn are_outdated(&self, user: &UserState) -> bool {
        self.version != user.version && self.password_hash != user.password_hash
    }

    /// Whether these, which were read later, are of the same password.
    pub(super) fn still_hold(&self, later: &Self) -> bool {
        self.version == later.version || self.password_hash == later.password_hash
    }
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
    /// Of a person: service accounts and deleted users cannot sign in.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError>;
    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError>;
    /// The user's sessions that live, the last used first. `current` is the one they are asked from.
    async fn sessions(
        &self,
        user: UserId,
        current: Option<SessionId>,
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<SessionView>, StoreError>;
    async fn token(&self, id: TokenId) -> Result<Option<TokenFacts>, StoreError>;
    /// The person whom another issuer's token is about. Service accounts, deleted and deactivated users are nobody, nor
    /// is who has not verified the address.
    async fn subject(&self, subject: &TokenSubject) -> Result<Option<SubjectFacts>, StoreError>;
    /// What a member may do; nothing for one who is suspended or deactivated.
    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationAccess>, StoreError>;
    /// What a custom role permits, whatever its level.
    async fn custom_role(
        &self,
        organization: OrganizationId,
        id: CustomRoleId,
    ) -> Result<Option<Permissions>, StoreError>;
    async fn kind(&self, user: UserId) -> Result<Option<UserKind>, StoreError>;
    async fn account_request(&self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError>;
    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError>;
    /// What second factor the user has.
    async fn second_factors(&self, user: UserId) -> Result<SecondFactorsView, StoreError>;
    /// Whether the organization requires one of its members.
    async fn requires_mfa(&self, organization: OrganizationId) -> Result<bool, StoreError>;
    /// How to address these users; unknown and deleted ones are left out.
    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError>;
}

/// Hashes passwords, away from the threads that serve requests, and a bounded number at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Refuses while too many passwords are waiting to be hashed. Asked first, so that who is sent away costs no query.
    fn check_room(&self) -> Result<(), AppError>;
    async fn hash(&self, password: Password) -> Result<PasswordHash, AppError>;
    /// Whether the password is the one of the hash. Takes the same time for an account that does not exist (`None`), and
    /// for one without a password.
    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, AppError>;
    /// Whether a new hash of the same password would be harder to break, or of another kind.
    fn is_outdated(&self, hash: &PasswordHash) -> bool;
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

/// Makes refresh tokens, and tells its own from what somebody made up.
pub trait RefreshTokens: Send + Sync {
    /// A random token for a session.
    fn fresh(&self, session: SessionId) -> String;
    /// The token that follows a spent one. The same for the same salt, so that a lost answer can be given again.
    fn following(&self, session: SessionId, spent: &str, salt: &str) -> String;
    /// What a token says of itself. `None` for what has not even the form of one.
    fn read(&self, token: &str) -> Option<RefreshTokenFacts>;
}

/// What a refresh token says of itself. Whether it is good, only its digest tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshTokenFacts {
    pub session: SessionId,
    /// It was made here for this session, now or at some time: it is signed.
    pub genuine: bool,
}

/// Makes random tokens and their digests.
pub trait SecretTokens: Send + Sync {
    /// 256 random bits in base64url.
    fn random(&self) -> String;
    /// 256 random bits.
    fn random_numbers(&self) -> [u128; 2];
    fn digest(&self, token: &str) -> TokenHash;
}
