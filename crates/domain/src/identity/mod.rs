//! Identity: the people who use Tenon and how they prove who they are.
//!
//! A **user** signs in with email and password and gets a **session**, which can be ended at any time. The session
//! has one valid **refresh token** at a time; using it replaces it. A user may belong to several organizations; a
//! session is **in** one of them.
//!
//! Programs sign in with a **personal access token**, which acts for its **owner** in one organization and only within
//! its **scopes**. A **service account** is a user that is no person: it belongs to one organization, has no password,
//! and owns tokens.
//!
//! Who has a **second factor** is asked for a code of their authenticator app, or for one of their **recovery codes**,
//! when their password was right: until then there is a **challenge** and no session. A **passkey** is a key pair on a
//! device of the user's: it signs them in by itself, or meets the challenge.
//!
//! An **identity provider** is a server elsewhere that vouches for people (OpenID Connect): one of the deployment's, or of
//! an organization. Who a user is to it is an **external identity**. When it has sent a browser back, the page there signs
//! in with a **sign-in code**.
//!
//! What the owner of an account confirms by a link in a mail (their address, a new password) is an **account request**.

mod account_request;
mod error;
mod event;
mod external_identity;
mod group_roles;
mod identity_provider;
mod issuer;
mod new_password;
mod one_time_code;
mod passkey;
mod provider_settings;
mod second_factor;
mod session;
mod sign_in_challenge;
mod sign_in_code;
mod token;
mod token_text;
mod user;
mod values;

pub use account_request::{AccountRequest, AccountRequestKind, AccountRequestState};
pub use error::IdentityError;
pub use event::{IdentityFact, SignInFailure};
pub use external_identity::{ExternalIdentity, ExternalIdentityState, ExternalSubject};
pub use group_roles::GroupRoles;
pub use identity_provider::{IdentityProvider, IdentityProviderState, ProviderKey};
pub use issuer::Issuer;
pub use new_password::{PersonalWords, Strength};
pub use one_time_code::{OneTimeCode, RecoveryCode, SealedSecret, TotpSecret};
pub use passkey::{NewPasskey, Passkey, PasskeyName, PasskeyState};
pub use provider_settings::{
    GroupsClaim, ProviderClientId, ProviderDomains, ProviderName, ProviderScopes, ProviderSettings,
};
pub use second_factor::{MfaMethod, Proof, SecondFactor, SecondFactorState, Verdict};
pub use session::{Client, PresentedToken, Session, SessionState, SpentToken};
pub use sign_in_challenge::{InvitationToAccept, SignInChallenge, SignInChallengeState};
pub use sign_in_code::{SignInCode, SignInCodeState, VouchedSignIn};
pub use token::{NewToken, PersonalAccessToken, PersonalAccessTokenState, TokenCount, TokenName};
pub use token_text::TokenText;
pub use user::{User, UserKind, UserState};
pub use values::{DisplayName, Email, Password, PasswordHash, TokenHash};

#[cfg(test)]
mod tests;
