use chrono::TimeDelta;
use tenon_domain::identity::ProviderKey;

use super::transaction::SignInTransaction;
use super::{AuthorizationRequest, SignInRefusal, SingleSignOn};
use crate::error::AppError;

/// Where a browser goes that wants to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    pub location: String,
    /// What it keeps until it comes back. Nothing, when it does not get to the provider.
    pub transaction: Option<String>,
}

impl SingleSignOn {
    /// How long somebody may take at the provider.
    pub const LONGEST_SIGN_IN: TimeDelta = SignInTransaction::LIFETIME;

    /// Whether a browser that starts at this page finds back to it: a longer one does not fit into its cookie.
    pub fn can_return_to(page: &str) -> bool {
        SignInTransaction::can_hold(page)
    }

    /// Sends a browser to a provider. `return_to` is the page it comes back to, which has to be one that Tenon trusts.
    pub async fn start(&self, key: &ProviderKey, return_to: String) -> Result<Departure, AppError> {
        let unknown = AppError::NotFound("identity_provider");
        let provider = self.provider(key).await?.ok_or(unknown.clone())?;
        if !self.may_be_visited(&provider).await? {
            return Err(unknown);
        }
        let Some(_call) = self.calls.begin(&provider).await else {
            let location = failed(&return_to, SignInRefusal::Unavailable);
            return Ok(Departure { location, transaction: None });
        };
        let [state, nonce, verifier] = std::array::from_fn(|_| self.accounts.secrets.random());
        let request = AuthorizationRequest { state, nonce, verifier };
        match self.gateway.authorization_url(&provider.client, &request).await {
            Ok(location) => {
                let now = self.accounts.app.clock.now();
                let transaction = SignInTransaction::begin(request, key, return_to, now);
                Ok(Departure { location, transaction: Some(transaction.seal(self.cipher.as_ref())?) })
            }
            Err(failure) => {
                tracing::warn!(provider = %key, %failure, "nobody can sign in by an identity provider");
                let location = failed(&return_to, SignInRefusal::Away);
                Ok(Departure { location, transaction: None })
            }
        }
    }
}

/// Where a page is told why nobody is signed in: behind the `#`, of which no server and no other page hears.
pub(super) fn failed(return_to: &str, refusal: SignInRefusal) -> String {
    format!("{return_to}#error={}", refusal.code())
}
