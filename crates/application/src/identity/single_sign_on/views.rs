use tenon_domain::identity::{ExternalIdentityState, IdentityProviderState, ProviderSettings};
use tenon_domain::{ExternalIdentityId, IdentityProviderId, Timestamp, Version};

/// An organization's identity provider as it is read: its secret is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProviderView {
    pub id: IdentityProviderId,
    pub settings: ProviderSettings,
    pub has_client_secret: bool,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<IdentityProviderState> for IdentityProviderView {
    fn from(state: IdentityProviderState) -> Self {
        Self {
            id: state.id,
            settings: state.settings,
            has_client_secret: state.client_secret.is_some(),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}

/// Who a user is to an identity provider, as they read it themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentityView {
    pub id: ExternalIdentityId,
    /// The key of the provider, or its id.
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

impl From<ExternalIdentityState> for ExternalIdentityView {
    fn from(state: ExternalIdentityState) -> Self {
        Self {
            id: state.id,
            provider: state.provider.to_string(),
            issuer: state.issuer.to_string(),
            subject: state.subject.as_str().to_owned(),
            created_at: state.created_at,
            last_used_at: state.last_used_at,
        }
    }
}
