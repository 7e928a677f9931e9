//! Accounts, sessions and signing in.

mod account_mail;
mod account_requests;
mod accounts;
mod authenticator;
mod delete_account;
mod directory;
mod export;
mod login;
mod new_password;
mod own_credentials;
mod own_sessions;
mod ports;
mod profile;
mod registering;
mod reset_password;
mod second_factor;
mod sessions;
mod sign_in;
mod throttle;
mod tokens;
mod unlock;
mod verification_key;
mod verify_email;
mod views;

pub use account_mail::AccountNotice;
pub(crate) use account_mail::{link_of, mail_account};
pub use account_requests::{AccountRequestArchive, AccountRequestRepository, AccountTokens};
pub use accounts::{ACCESS_TOKEN_LIFETIME, Accounts, SignedIn};
pub use authenticator::Authenticator;
pub use delete_account::DeleteAccount;
pub use directory::{CachedSession, SessionDirectory};
pub use export::{AccountExport, ExportAccount, ExportedTask, Extract, MembershipExport};
pub use new_password::PasswordStrength;
pub use own_credentials::{ChangePassword, ConfirmEmail, RequestEmailChange};
pub use own_sessions::{EndAllSessions, EndOwnSession, EndSession, ListSessions};
#[cfg(test)]
pub(crate) use ports::MockIdentityQueries;
pub use ports::{
    AccessTokens, Claims, Credentials, IdentityQueries, PasswordHasher, RefreshTokenFacts, RefreshTokens, SecretTokens,
    SessionArchive, SessionFacts, SessionRepository, UserContact, UserRepository,
};
pub use profile::{EditProfile, FindProfile};
pub use registering::{AcceptInvitationInput, RegisterInput};
pub use reset_password::{RequestPasswordReset, ResetPassword};
pub use second_factor::{
    BeginTotp, ConfirmTotp, FindSecondFactors, MeetChallenge, MfaToken, OneTimeCodes, PoseChallenge, RemoveTotp,
    ReplaceRecoveryCodes, SecondFactorRepository, SecondFactors, SecondFactorsView, SignInChallengeArchive,
    SignInChallengeRepository, TotpEnrollment,
};
pub use sessions::{RotateSession, Rotation, SwitchOrganization};
pub use sign_in::{Grant, RecordSignInFailure, Register, StartSession};
pub(crate) use sign_in::{find_proven, open_session};
pub use throttle::{Admission, Backoff, SignInAttempt, SignInPolicy, SignInThrottle, network};
pub(crate) use tokens::revoke_all_tokens;
pub use tokens::{
    CachedToken, CreateServiceToken, CreateToken, FindOrganizationToken, FindToken, IssuedToken,
    ListOrganizationTokens, ListTokens, RevokeOrganizationToken, RevokeToken, TokenArchive, TokenFacts, TokenInput,
    TokenQueries, TokenRepository, TokenUses, TokenView,
};
pub use verification_key::VerificationKey;
pub(crate) use verify_email::ask_to_verify;
pub use verify_email::{EmailVerification, ResendVerification, VerifyEmail};
pub use views::{SessionView, UserView};

#[cfg(test)]
mod tests;
