//! Signing in by an identity provider (OpenID Connect, authorization code with PKCE).
//!
//! A browser **starts** at Tenon, which sends it to the provider, and **returns** with a code of the provider's; what it
//! takes to make something of that is sealed in a cookie of the browser meanwhile. Tenon asks the provider who it is,
//! outside any transaction, **completes** the sign-in in one (whom the provider vouches for is found, linked or given an
//! account), and sends the browser back to the page it came from, with a **sign-in code**. The page **redeems** that as it
//! would a password: a second factor is asked for all the same. No token is ever in an address.

mod callback;
mod calls;
mod complete_sign_in;
mod edit;
mod gateway;
mod let_in;
mod manage;
mod own_identities;
mod ports;
mod providers;
mod redeem;
mod refusal;
mod start;
mod transaction;
mod views;

pub use callback::Return;
pub use calls::ProviderCalls;
pub use complete_sign_in::CompleteSignIn;
pub use edit::EditIdentityProvider;
pub use gateway::{
    AuthorizationRequest, CallbackInput, OidcClient, OidcClientSecret, OidcFailure, OidcGateway, VouchedClaims,
};
pub use manage::{
    CreateIdentityProvider, FindIdentityProvider, IdentityProviderInput, ListIdentityProviders, RemoveIdentityProvider,
};
pub use own_identities::{ListOwnIdentities, RemoveOwnIdentity};
pub use ports::{
    ExternalIdentityRepository, IdentityProviderQueries, IdentityProviderRepository, SignInCodeArchive,
    SignInCodeRepository, StoredProvider,
};
pub use providers::{DeploymentProvider, SignInProvider, SingleSignOn};
pub(in crate::identity) use redeem::start_vouched;
pub use redeem::{RedeemSignInCode, Redemption};
pub use refusal::SignInRefusal;
pub use start::Departure;
pub use views::{ExternalIdentityView, IdentityProviderView};

#[cfg(test)]
mod tests;
