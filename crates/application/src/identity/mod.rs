//! Accounts, sessions and signing in.

mod account_mail;
mod account_requests;
mod accounts;
mod address_digest;
mod authenticator;
mod cached;
mod deactivate;
mod delete_account;
mod directory;
mod export;
mod exported;
mod external_tokens;
mod login;
mod new_password;
mod own_credentials;
mod own_sessions;
mod passkeys;
mod ports;
mod profile;
mod reclaiming;
mod registering;
mod reset_password;
mod second_factor;
mod sessions;
mod sign_in;
mod single_sign_on;
mod throttle;
mod tokens;
mod transfer_ownership;
mod unlock;
mod verification_key;
mod verify_email;
mod views;

pub use account_mail::AccountNotice;
pub(crate) use account_mail::{ends_with_account, link_of, mail_account};
pub use account_requests::{AccountRequestArchive, AccountRequestRepository, AccountTokens};
pub use accounts::{ACCESS_TOKEN_LIFETIME, Accounts, SignedIn};
pub use address_digest::{AddressDigest, AddressDigests};
pub use authenticator::Authenticator;
pub use deactivate::{DeactivateUser, Deactivation, ReactivateUser};
pub use delete_account::DeleteAccount;
pub use directory::{CachedSession, SessionDirectory};
pub use export::{AccountExport, ExportAccount, ExportedTask, ExportedTeam, Extract, MembershipExport};
pub use external_tokens::{ExternalClaims, ExternalTokens, NoExternalTokens, SubjectFacts, TokenSubject};
pub use new_password::PasswordStrength;
pub use own_credentials::{ChangePassword, ConfirmEmail, RequestEmailChange};
pub use own_sessions::{EndAllSessions, EndOwnSession, EndSession, ListSessions};
pub use passkeys::{
    AddPasskey, AddedPasskey, Assertion, AssertionClaim, Ceremony, CeremonyPurpose, CeremonyStart, CeremonyToken,
    FindPasskey, ListPasskeys, NewCredential, PasskeyCeremonyArchive, PasskeyQueries, PasskeyRepository,
    PasskeyVerifier, PasskeyView, Passkeys, RemovePasskey, RenamePasskey, SignInWithPasskey, StartedCeremony,
};
#[cfg(test)]
pub(crate) use ports::MockIdentityQueries;
pub use ports::{
    AccessTokens, Claims, Credentials, IdentityQueries, PasswordHasher, RefreshTokenFacts, RefreshTokens, SecretTokens,
    SessionArchive, SessionFacts, SessionRepository, UserContact, UserRepository,
};
pub use profile::{EditProfile, FindProfile};
pub use registering::{AcceptInvitationInput, RegisterInput};
pub use reset_password::{RequestPasswordReset, ResetPassword};
pub(crate) use second_factor::has_second_factor;
pub use second_factor::{
    BeginTotp, ConfirmTotp, FindChallenged, FindSecondFactors, MeetChallenge, MfaAnswer, MfaToken, OneTimeCodes,
    PoseChallenge, ProveSecondFactor, RemoveTotp, ReplaceRecoveryCodes, SecondFactorProof, SecondFactorRepository,
    SecondFactors, SecondFactorsView, SignInChallengeArchive, SignInChallengeRepository, TotpEnrollment,
};
pub use sessions::{RotateSession, Rotation, SwitchOrganization};
pub use sign_in::{Grant, RecordSignInFailure, Register, StartSession};
pub(crate) use sign_in::{find_proven, open_session};
pub use single_sign_on::{
    AuthorizationRequest, CallbackInput, CompleteSignIn, CreateIdentityProvider, Departure, DeploymentProvider,
    EditIdentityProvider, ExternalIdentityRepository, ExternalIdentityView, FindIdentityProvider,
    IdentityProviderInput, IdentityProviderQueries, IdentityProviderRepository, IdentityProviderView,
    ListIdentityProviders, ListOwnIdentities, OidcClient, OidcClientSecret, OidcFailure, OidcGateway, ProviderCalls,
    RedeemSignInCode, Redemption, RemoveIdentityProvider, RemoveOwnIdentity, Return, SignInCodeArchive,
    SignInCodeRepository, SignInProvider, SignInRefusal, SingleSignOn, StoredProvider, VouchedClaims,
};
pub use throttle::{Admission, Backoff, SignInAttempt, SignInPolicy, SignInThrottle, network};
pub(crate) use tokens::revoke_all_tokens;
pub use tokens::{
    CachedToken, CreateServiceToken, CreateToken, FindOrganizationToken, FindToken, IssuedToken,
    ListOrganizationTokens, ListServiceTokens, ListTokens, RevokeOrganizationToken, RevokeToken, TokenArchive,
    TokenFacts, TokenGuesses, TokenInput, TokenQueries, TokenRepository, TokenUses, TokenView,
};
pub use transfer_ownership::TransferOwnership;
pub use verification_key::VerificationKey;
pub(crate) use verify_email::ask_to_verify;
pub use verify_email::{EmailVerification, ResendVerification, VerifyEmail};
pub use views::{SessionView, UserView};

#[cfg(test)]
mod tests;
