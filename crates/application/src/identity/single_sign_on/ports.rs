use async_trait::async_trait;
use tenon_domain::identity::{
    ExternalIdentity, ExternalSubject, IdentityProvider, IdentityProviderState, Issuer, ProviderDomains, ProviderKey,
    SignInCode,
};
use tenon_domain::organizations::DomainName;
use tenon_domain::{ExternalIdentityId, IdentityProviderId, OrganizationId, SignInCodeId, Timestamp, UserId};

use super::{ExternalIdentityView, IdentityProviderView, SignInProvider};
use crate::actor::Viewer;
use crate::page::{Page, PageRequest, Unsorted};
use crate::unit_of_work::StoreError;

/// Identity providers in a unit of work, bound to its organization.
#[async_trait]
pub trait IdentityProviderRepository: Send {
    async fn find(&mut self, id: IdentityProviderId) -> Result<Option<IdentityProvider>, StoreError>;
    /// How many the organization has. Locks the organization, so that the answer holds until the commit.
    async fn count(&mut self) -> Result<u64, StoreError>;
    /// Writes the row, checks its version and stores the events.
    async fn save(&mut self, provider: IdentityProvider) -> Result<IdentityProviderState, StoreError>;
    /// Deletes the row, if its version is the one that was read, with the identities that it vouched for, and stores the
    /// events.
    async fn remove(&mut self, provider: IdentityProvider) -> Result<(), StoreError>;
}

/// Who users are to identity providers, in a unit of work. Like users, that belongs to no tenant.
#[async_trait]
pub trait ExternalIdentityRepository: Send {
    /// Who this is here. To be read: whoever changes it locks the user.
    async fn find(
        &mut self,
        provider: &ProviderKey,
        issuer: &Issuer,
        subject: &ExternalSubject,
    ) -> Result<Option<ExternalIdentity>, StoreError>;
    /// One of a user's.
    async fn find_own(&mut self, user: UserId, id: ExternalIdentityId) -> Result<Option<ExternalIdentity>, StoreError>;
    /// All of a user's. To be read, as with the first.
    async fn all_of(&mut self, user: UserId) -> Result<Vec<ExternalIdentity>, StoreError>;
    /// Whether the provider knows the user already, whatever it calls them.
    async fn is_known(&mut self, user: UserId, provider: &ProviderKey, issuer: &Issuer) -> Result<bool, StoreError>;
    /// How many a user has.
    async fn count_of(&mut self, user: UserId) -> Result<u64, StoreError>;
    /// Stores a new one with its events, or that one was used. What somebody else has linked meanwhile is
    /// [`StoreError::Duplicate`], and what they have given up [`StoreError::Stale`].
    async fn save(&mut self, identity: ExternalIdentity) -> Result<(), StoreError>;
    /// Deletes the row and stores the events.
    async fn remove(&mut self, identity: ExternalIdentity) -> Result<(), StoreError>;
    /// Forgets all of a user.
    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError>;
}

/// Sign-in codes in a unit of work. They belong to no tenant.
#[async_trait]
pub trait SignInCodeRepository: Send {
    async fn issue(&mut self, code: SignInCode) -> Result<(), StoreError>;
    /// Locks the row, so that of two concurrent uses the second finds none.
    async fn find(&mut self, id: SignInCodeId) -> Result<Option<SignInCode>, StoreError>;
    /// Forgets one that was used.
    async fn remove(&mut self, id: SignInCodeId) -> Result<(), StoreError>;
}

/// The sign-in codes that nobody can use any more.
#[async_trait]
pub trait SignInCodeArchive: Send + Sync {
    /// Forgets those that expired before then. Answers how many.
    async fn purge(&self, expired_before: Timestamp) -> Result<u64, StoreError>;
}

/// An organization's identity provider as signing in finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProvider {
    pub organization: OrganizationId,
    pub state: IdentityProviderState,
}

/// The read side of identity providers.
#[async_trait]
pub trait IdentityProviderQueries: Send + Sync {
    /// Those of the viewer's organization, newest first.
    async fn list(
        &self,
        viewer: Viewer,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<IdentityProviderView>, StoreError>;
    async fn find(&self, viewer: Viewer, id: IdentityProviderId) -> Result<Option<IdentityProviderView>, StoreError>;
    /// One of any organization, across tenants. From the primary database: it may have been changed just now.
    async fn stored(&self, id: IdentityProviderId) -> Result<Option<StoredProvider>, StoreError>;
    /// The providers in force for addresses of this domain, across tenants: of the organizations that have proved that it
    /// is theirs.
    async fn serving(&self, domain: &DomainName) -> Result<Vec<SignInProvider>, StoreError>;
    /// Whether the organization has proved that one of these domains is its own.
    async fn has_proved(&self, organization: OrganizationId, domains: &ProviderDomains) -> Result<bool, StoreError>;
    /// Who a user is to identity providers, newest first. From the primary database.
    async fn identities(
        &self,
        user: UserId,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<ExternalIdentityView>, StoreError>;
}
