use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_domain::identity::{Password, PasswordHash, PersonalWords, Strength, TokenHash};
use tenon_domain::{InvitationId, Timestamp};
use uuid::Uuid;

use super::account_requests::PlainAccountTokens;
use super::codes::plain_second_factors;
use super::passkeys::plain_passkeys;
use super::scene::Scene;
use super::sessions::{PlainRefreshTokens, ScriptedThrottle};
use crate::actor::Denial;
use crate::error::AppError;
use crate::identity::{
    AccessTokens, Accounts, Admission, Authenticator, Claims, EmailVerification, NoExternalTokens, PasswordHasher,
    PasswordStrength, SecretTokens, TokenUses,
};
use crate::organizations::InvitationTokens;

/// The flows of signing in, with secrets that can be read.
pub(crate) fn sign_in_service(scene: &Scene) -> (Accounts, Arc<PlainHasher>) {
    let hasher = Arc::new(PlainHasher::default());
    let accounts = Accounts {
        app: scene.app.clone(),
        hasher: hasher.clone(),
        strength: hasher.clone(),
        access_tokens: Arc::new(PlainTokens::default()),
        refresh_tokens: Arc::new(PlainRefreshTokens::default()),
        account_tokens: Arc::new(PlainAccountTokens),
        throttle: Arc::new(ScriptedThrottle::answering(Admission::Admitted)),
        secrets: Arc::new(CountedSecrets::default()),
        second_factors: plain_second_factors(Arc::new(CountedSecrets::default())),
        passkeys: plain_passkeys(Arc::new(CountedSecrets::default())),
        invitation_tokens: Arc::new(PlainInvitations),
        email_verification: EmailVerification::Off,
    };
    (accounts, hasher)
}

/// What finds out whose the tokens of these flows are.
pub(crate) fn authenticator(scene: &Scene, accounts: &Accounts) -> Authenticator {
    Authenticator {
        tokens: accounts.access_tokens.clone(),
        external: Arc::new(NoExternalTokens),
        secrets: accounts.secrets.clone(),
        sessions: scene.app.sessions.clone(),
        token_uses: TokenUses::new(Arc::new(scene.store.clone())),
        clock: scene.app.clock.clone(),
    }
}

/// Hashes `x` to `hash of x`, and remembers what it compared. `old hash of x` is one that it made with less effort.
#[derive(Default)]
pub(crate) struct PlainHasher {
    verified: Mutex<Vec<Option<PasswordHash>>>,
}

impl PlainHasher {
    /// The hashes that passwords were compared with, in order.
    pub(crate) fn verified(&self) -> Vec<Option<PasswordHash>> {
        self.verified.lock().unwrap().clone()
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    fn check_room(&self) -> Result<(), AppError> {
        Ok(())
    }

    async fn hash(&self, password: Password) -> Result<PasswordHash, AppError> {
        Ok(PasswordHash::new(format!("hash of {}", password.expose())))
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<bool, AppError> {
        self.verified.lock().unwrap().push(hash.clone());
        let expected = format!("hash of {}", password.expose());
        Ok(hash.is_some_and(|hash| hash.as_str().strip_prefix("old ").unwrap_or(hash.as_str()) == expected))
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        hash.as_str().starts_with("old ")
    }
}

/// Guesses what says that it can be guessed.
#[async_trait]
impl PasswordStrength for PlainHasher {
    async fn estimate(&self, password: Password, _: PersonalWords) -> Result<Strength, AppError> {
        Ok(Strength::new(if password.expose().contains("guess") { 1 } else { 4 }))
    }
}

/// Access tokens that are numbers of claims.
#[derive(Default)]
struct PlainTokens(Mutex<Vec<Claims>>);

impl AccessTokens for PlainTokens {
    fn issue(&self, claims: &Claims) -> Result<String, AppError> {
        let mut issued = self.0.lock().unwrap();
        issued.push(*claims);
        Ok((issued.len() - 1).to_string())
    }

    fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Denial> {
        let issued = self.0.lock().unwrap();
        let claims = token.parse().ok().and_then(|n: usize| issued.get(n)).ok_or(Denial::InvalidToken)?;
        if now < claims.expires_at { Ok(*claims) } else { Err(Denial::ExpiredToken) }
    }
}

#[derive(Default)]
pub(super) struct CountedSecrets(AtomicU32);

impl SecretTokens for CountedSecrets {
    fn random(&self) -> String {
        format!("secret{}", self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn random_numbers(&self) -> [u128; 2] {
        [7, u128::from(self.0.fetch_add(1, Ordering::SeqCst))]
    }

    fn digest(&self, token: &str) -> TokenHash {
        TokenHash::new(format!("digest of {token}"))
    }
}

/// The token of an invitation is its id, and that of the mail says so.
pub(crate) struct PlainInvitations;

const MAILED: &str = ".mailed";

impl InvitationTokens for PlainInvitations {
    fn issue(&self, id: InvitationId) -> String {
        id.to_string()
    }

    fn issue_for_mail(&self, id: InvitationId) -> String {
        format!("{id}{MAILED}")
    }

    fn read(&self, token: &str) -> Option<InvitationId> {
        Uuid::parse_str(token.strip_suffix(MAILED).unwrap_or(token)).ok().map(InvitationId::new)
    }

    fn came_by_mail(&self, token: &str) -> bool {
        token.ends_with(MAILED)
    }

    fn accept_url(&self, token: &str) -> String {
        format!("https://tenon.example/invitations/accept?token={token}")
    }
}
