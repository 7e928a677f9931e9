//! Accounts, sessions and signing in.

mod accounts;
mod authenticator;
mod directory;
mod ports;
mod profile;
mod sessions;
mod sign_in;
mod views;

pub use accounts::{AcceptInvitationInput, Accounts, RegisterInput, SignedIn};
pub use authenticator::Authenticator;
pub use directory::{CachedSession, SessionDirectory};
#[cfg(test)]
pub(crate) use ports::MockIdentityQueries;
pub use ports::{
    AccessTokens, Claims, Credentials, IdentityQueries, PasswordHasher, SecretTokens, SessionArchive, SessionFacts,
    SessionRepository, UserContact, UserRepository,
};
pub use profile::{EditProfile, FindProfile};
pub use sessions::{EndSession, RotateSession, SwitchOrganization};
pub(crate) use sign_in::open_session;
pub use sign_in::{Grant, RecordSignInFailure, Register, StartSession};
pub use views::UserView;

#[cfg(test)]
mod tests;
