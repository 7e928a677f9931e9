//! Second factors: an authenticator app, and the recovery codes that stand in for it and for passkeys.
//!
//! A sign-in whose password was right goes on as a **challenge** when its user has a second factor: there is a row and
//! a token for it, but no session yet. The challenge is **met** with a code. A wrong code is counted in the transaction
//! that found it wrong, so a refused attempt is a commit: [`Attempt`].
//!
//! Who is signed in **proves** their second factor for what their password is not enough for: [`SecondFactorProof`].

mod challenge;
mod enrollment;
mod meet_challenge;
mod ports;
mod proof;
mod recovery;
mod removal;
mod service;
mod views;

pub use challenge::{FindChallenged, MfaToken, PoseChallenge};
pub use enrollment::{BeginTotp, ConfirmTotp};
pub use meet_challenge::MeetChallenge;
pub use ports::{
    OneTimeCodes, SecondFactorRepository, SignInChallengeArchive, SignInChallengeRepository, TotpEnrollment,
};
pub(in crate::identity) use proof::tell_of_recovery_code;
pub use proof::{MfaAnswer, ProveSecondFactor, SecondFactorProof};
pub use recovery::ReplaceRecoveryCodes;
pub use removal::RemoveTotp;
pub use service::SecondFactors;
pub(in crate::identity) use service::second_factors_of;
pub(crate) use service::{Attempt, has_second_factor};
pub use views::{FindSecondFactors, SecondFactorsView};
