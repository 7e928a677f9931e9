use std::fmt;

use async_trait::async_trait;
use tenon_domain::Timestamp;
use tenon_domain::identity::Issuer;

/// What Tenon shows an identity provider who it is with. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcClientSecret(String);

impl OidcClientSecret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OidcClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OidcClientSecret(…)")
    }
}

/// What Tenon is to an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcClient {
    /// Whether the operator has named the provider, and not an organization.
    pub is_trusted: bool,
    pub issuer: Issuer,
    pub client_id: String,
    /// A public client has none.
    pub client_secret: Option<OidcClientSecret>,
    /// Separated by spaces.
    pub scopes: String,
    /// Where the provider sends browsers back to.
    pub redirect_uri: String,
    /// Which claim names the groups, if that matters.
    pub groups_claim: Option<String>,
}

/// What is random in one sign-in: 256 bits each, in base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Whose digest goes out, and itself with the code (PKCE, RFC 7636).
    pub verifier: String,
}

impl fmt::Debug for AuthorizationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthorizationRequest(…)")
    }
}

/// What a browser comes back with, whoever sent it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CallbackInput {
    pub state: Option<String>,
    pub code: Option<String>,
    /// Who says that he answers (RFC 9207).
    pub issuer: Option<String>,
    /// Why the provider does not vouch for anybody.
    pub error: Option<String>,
}

impl fmt::Debug for CallbackInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackInput(…)")
    }
}

/// What an identity provider says of somebody, in a token that it signed for this sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VouchedClaims {
    pub subject: String,
    pub email: Option<String>,
    /// Whether the provider knows that the address is theirs.
    pub email_verified: bool,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

/// Why an identity provider vouches for nobody. The text is for the log only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcFailure {
    /// It does not answer, or not as it should: trying again may help.
    #[error("the identity provider is away: {0}")]
    Away(String),
    /// It does not take the code, or what it says does not hold.
    #[error("the identity provider vouches for nobody: {0}")]
    Refused(String),
}

/// Speaks to identity providers.
#[async_trait]
pub trait OidcGateway: Send + Sync {
    /// Where a browser is sent to sign in.
    async fn authorization_url(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
    ) -> Result<String, OidcFailure>;

    /// Whom the provider vouches for, given the code that a browser came back with: in an ID token of this issuer, for
    /// this client and this sign-in (nonce), which has not expired. `answered_by` is what the browser says about who
    /// answered.
    async fn redeem(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
        code: &str,
        answered_by: Option<&str>,
        now: Timestamp,
    ) -> Result<VouchedClaims, OidcFailure>;
}
