//! Identity: the people who use Tenon and how they prove who they are.
//!
//! A **user** signs in with email and password and gets a **session**, which can be ended at any time. The session
//! has one valid **refresh token** at a time; using it replaces it. A user may belong to several organizations; a
//! session is **in** one of them.

mod error;
mod event;
mod session;
mod user;
mod values;

pub use error::IdentityError;
pub use event::{IdentityFact, SignInFailure};
pub use session::{Client, Session, SessionState};
pub use user::{User, UserState};
pub use values::{DisplayName, Email, Password, PasswordHash, TokenHash};

#[cfg(test)]
mod tests;
