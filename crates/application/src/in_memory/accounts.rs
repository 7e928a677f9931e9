use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_domain::identity::{Password, PasswordHash, TokenHash};
use tenon_domain::{InvitationId, Timestamp};
use uuid::Uuid;

use super::scene::Scene;
use crate::actor::Denial;
use crate::error::AppError;
use crate::identity::{AccessTokens, Accounts, Claims, PasswordHasher, SecretTokens};
use crate::organizations::InvitationTokens;

/// The flows of signing in, with secrets that can be read.
pub(crate) fn sign_in_service(scene: &Scene) -> (Accounts, Arc<PlainHasher>) {
    let hasher = Arc::new(PlainHasher::default());
    let accounts = Accounts {
        app: scene.app.clone(),
        hasher: hasher.clone(),
        access_tokens: Arc::new(PlainTokens::default()),
        secrets: Arc::new(CountedSecrets::default()),
        invitation_tokens: Arc::new(PlainInvitations),
    };
    (accounts, hasher)
}

/// Hashes `x` to `hash of x`, and remembers what it compared.
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
        Ok(hash.is_some_and(|hash| hash.as_str() == format!("hash of {}", password.expose())))
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
struct CountedSecrets(AtomicU32);

impl SecretTokens for CountedSecrets {
    fn random(&self) -> String {
        format!("secret{}", self.0.fetch_add(1, Ordering::SeqCst))
    }

    fn digest(&self, token: &str) -> TokenHash {
        TokenHash::new(format!("digest of {token}"))
    }
}

/// The token of an invitation is its id.
struct PlainInvitations;

impl InvitationTokens for PlainInvitations {
    fn issue(&self, id: InvitationId) -> String {
        id.to_string()
    }

    fn read(&self, token: &str) -> Option<InvitationId> {
        Uuid::parse_str(token).ok().map(InvitationId::new)
    }

    fn accept_url(&self, token: &str) -> String {
        format!("https://tenon.example/invitations/accept?token={token}")
    }
}
