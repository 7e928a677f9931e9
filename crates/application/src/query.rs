//! Queries: reads that bypass the entities and return read models.

use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::Timestamp;
use tenon_domain::access::Permission;
use tenon_domain::identity::Email;

use crate::actor::{Actor, Viewer};
use crate::audit::AuditQueries;
use crate::documents::Documents;
use crate::error::AppError;
use crate::identity::{
    AddressDigest, AddressDigests, IdentityProviderQueries, IdentityQueries, PasskeyQueries, TokenQueries,
};
use crate::notifications::NotificationQueries;
use crate::organizations::{DomainQueries, OrganizationQueries, TeamQueries};
use crate::projects::ProjectQueries;
use crate::tasks::TaskQueries;
use crate::token_access::TokenAccess;

/// A use case that reads. It is run by [`App::ask`](crate::App::ask).
#[async_trait]
pub trait Query: Send + Sync {
    type Output: Send;
    /// The span, the metric label and the log field `operation` (`task.list`).
    const NAME: &'static str;
    /// What it asks of a personal access token.
    const ACCESS: TokenAccess;
    /// Whether it may be asked by who lacks the second factor that the organization requires, as with commands.
    const WITHOUT_MFA: bool = false;
    /// Whether [`Documents`] answer, so that it need not be found out which database may.
    const FROM_CACHE: bool = false;

    async fn run(&self, reader: &Reader<'_>) -> Result<Self::Output, AppError>;
}

/// The read side of the stores.
#[derive(Clone)]
pub struct Queries {
    pub identity: Arc<dyn IdentityQueries>,
    pub tokens: Arc<dyn TokenQueries>,
    pub passkeys: Arc<dyn PasskeyQueries>,
    pub identity_providers: Arc<dyn IdentityProviderQueries>,
    pub organizations: Arc<dyn OrganizationQueries>,
    pub teams: Arc<dyn TeamQueries>,
    pub domains: Arc<dyn DomainQueries>,
    pub projects: Arc<dyn ProjectQueries>,
    pub tasks: Arc<dyn TaskQueries>,
    pub notifications: Arc<dyn NotificationQueries>,
    pub audit: Arc<dyn AuditQueries>,
}

/// What a query works with.
pub struct Reader<'a> {
    pub(crate) queries: &'a Queries,
    pub(crate) documents: &'a Documents,
    pub(crate) actor: &'a Actor,
    pub(crate) now: Timestamp,
    pub(crate) addresses: &'a dyn AddressDigests,
}

impl Reader<'_> {
    pub fn queries(&self) -> &Queries {
        self.queries
    }

    /// Single entities, from the cache.
    pub fn documents(&self) -> &Documents {
        self.documents
    }

    pub fn actor(&self) -> &Actor {
        self.actor
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// What stands for an address where it must not be readable.
    pub fn digest_of(&self, address: &Email) -> AddressDigest {
        self.addresses.digest(address)
    }

    pub fn viewer(&self) -> Result<Viewer, AppError> {
        self.actor.viewer()
    }

    /// Requires a permission in the organization as a whole.
    pub fn require(&self, permission: Permission) -> Result<Viewer, AppError> {
        let viewer = self.viewer()?;
        if viewer.allows(permission) { Ok(viewer) } else { Err(AppError::Forbidden(permission)) }
    }
}
