use tenon_domain::OrganizationId;
use tenon_domain::identity::ProviderKey;

use super::providers::Provider;
use crate::places::{Place, Places};

/// What is asked of providers at a time, in a process: who waits for them holds no place at a gate. The providers of
/// organizations leave those of the deployment their places, and one organization leaves the others theirs.
#[derive(Clone, Debug)]
pub struct ProviderCalls {
    of_deployment: Places<Party>,
    of_organizations: Places<Party>,
}

/// Whose providers share a few places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Party {
    /// One of the deployment's.
    Provider(String),
    /// All of an organization's.
    Organization(OrganizationId),
}

impl Default for ProviderCalls {
    fn default() -> Self {
        Self { of_deployment: Places::new(32, 16), of_organizations: Places::new(32, 4) }
    }
}

impl ProviderCalls {
    /// Room for one question to this provider, until it is dropped. `None` if there is none for a while.
    pub(super) async fn begin(&self, provider: &Provider) -> Option<Place<Party>> {
        match (&provider.key, provider.organization) {
            (ProviderKey::Organization(_), Some(organization)) => {
                self.of_organizations.take(&Party::Organization(organization)).await
            }
            (key, _) => self.of_deployment.take(&Party::Provider(key.to_string())).await,
        }
    }
}
