//! Passkeys: key pairs on devices of their owners (WebAuthn), which sign in by themselves or meet a challenge.
//!
//! Whatever is done with one is a **ceremony** of two requests: Tenon gives out options with something random in them,
//! and what the authenticator signed comes back. What Tenon has to remember in between is in a token that only Tenon
//! can read: [`CeremonyToken`]. It is good once.
//!
//! Who has a second factor proves it before they add or remove a passkey: with one of those they have, or a code.

mod begin;
mod ceremony;
mod own_passkeys;
mod ports;
mod register;
mod remove;
mod service;
mod sign_in;
mod views;

pub use ceremony::{Ceremony, CeremonyPurpose, CeremonyToken};
pub use own_passkeys::{FindPasskey, ListPasskeys, RenamePasskey};
pub use ports::{
    Assertion, AssertionClaim, CeremonyStart, NewCredential, PasskeyCeremonyArchive, PasskeyQueries, PasskeyRepository,
    PasskeyVerifier,
};
pub use register::{AddPasskey, AddedPasskey};
pub use remove::RemovePasskey;
pub use service::Passkeys;
pub(in crate::identity) use service::Shown;
pub use sign_in::SignInWithPasskey;
pub use views::{PasskeyView, StartedCeremony};
