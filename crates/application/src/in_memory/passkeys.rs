//! Passkeys whose authenticators sign by saying so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use tenon_domain::identity::{Passkey, PasskeyState, TokenHash};
use tenon_domain::{PasskeyId, Timestamp, UserId};
use uuid::Uuid;

use super::codes::PlainCipher;
use super::data::{MemoryStore, next_version};
use super::unit::MemoryUnit;
use crate::error::AppError;
use crate::identity::{
    Assertion, AssertionClaim, CeremonyStart, NewCredential, PasskeyQueries, PasskeyRepository, PasskeyVerifier,
    PasskeyView, Passkeys, SecretTokens, UserView,
};
use crate::page::{Page, PageRequest, Position, Unsorted};
use crate::unit_of_work::StoreError;

pub(crate) fn plain_passkeys(secrets: Arc<dyn SecretTokens>) -> Passkeys {
    Passkeys { verifier: Arc::new(PlainVerifier::default()), cipher: Arc::new(PlainCipher), secrets }
}

/// What an authenticator with this credential answers to these options.
pub(crate) fn signed(options: &Value, credential: &str, user: Option<UserId>, counter: u32) -> Value {
    let user = user.map(|user| user.to_string());
    json!({"challenge": options["challenge"], "credential": credential, "user": user, "counter": counter})
}

/// Challenges are counted. A credential is its id and its counter.
#[derive(Default)]
struct PlainVerifier(AtomicU32);

impl PlainVerifier {
    fn start(&self, credentials: &[String]) -> CeremonyStart {
        let challenge = self.0.fetch_add(1, Ordering::SeqCst).to_string();
        let ids: Vec<_> = credentials.iter().filter_map(|it| it.split(' ').next()).collect();
        CeremonyStart { options: json!({"challenge": challenge, "credentials": ids}), state: challenge }
    }
}

impl PasskeyVerifier for PlainVerifier {
    fn is_available(&self) -> bool {
        true
    }

    fn begin_registration(&self, _: &UserView, present: &[String]) -> Result<CeremonyStart, AppError> {
        Ok(self.start(present))
    }

    fn register(&self, state: &str, response: &Value) -> Option<NewCredential> {
        let id = response["credential"].as_str().filter(|_| response["challenge"] == state)?.to_owned();
        Some(NewCredential { credential: format!("{id} {}", response["counter"]), id, synced: false })
    }

    fn begin_assertion(&self, allowed: &[String]) -> Result<CeremonyStart, AppError> {
        Ok(self.start(allowed))
    }

    fn identify(&self, response: &Value) -> Option<AssertionClaim> {
        let credential_id = response["credential"].as_str()?.to_owned();
        let user = response["user"].as_str().and_then(|user| Uuid::parse_str(user).ok()).map(UserId::new);
        Some(AssertionClaim { credential_id, user })
    }

    fn verify(&self, state: &str, response: &Value, credential: &str) -> Assertion {
        let (id, counter) = credential.split_once(' ').unwrap();
        let (known, shown) = (counter.parse::<u64>().unwrap(), response["counter"].as_u64());
        if response["challenge"] != state || response["credential"] != id {
            return Assertion::Refused;
        }
        match shown {
            Some(shown) if shown > known => Assertion::Genuine { credential: format!("{id} {shown}"), synced: true },
            Some(_) => Assertion::CounterReused,
            None => Assertion::Refused,
        }
    }
}

#[async_trait]
impl PasskeyRepository for MemoryUnit {
    async fn find(&mut self, id: PasskeyId) -> Result<Option<Passkey>, StoreError> {
        Ok(self.data.passkeys.iter().find(|it| it.id == id).cloned().map(Passkey::restore))
    }

    async fn find_by_credential(&mut self, digest: &TokenHash) -> Result<Option<Passkey>, StoreError> {
        Ok(self.data.passkeys.iter().find(|it| it.credential_digest == *digest).cloned().map(Passkey::restore))
    }

    async fn all_of(&mut self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let own = self.data.passkeys.iter().filter(|it| it.user_id == user);
        Ok(own.cloned().map(Passkey::restore).collect())
    }

    async fn count(&mut self, user: UserId) -> Result<u64, StoreError> {
        Ok(self.data.passkeys.iter().filter(|it| it.user_id == user).count() as u64)
    }

    async fn save(&mut self, passkey: Passkey) -> Result<PasskeyState, StoreError> {
        let (mut state, events) = passkey.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let passkeys = &mut self.data.passkeys;
        if passkeys.iter().any(|it| it.credential_digest == state.credential_digest && it.id != state.id) {
            return Err(StoreError::Duplicate("credential_digest".to_owned()));
        }
        let stored = passkeys.iter().find(|it| it.id == state.id).map(|it| it.version);
        state.version = next_version(state.version, stored)?;
        passkeys.retain(|it| it.id != state.id);
        passkeys.push(state.clone());
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, passkey: Passkey) -> Result<(), StoreError> {
        let (state, events) = passkey.into_parts();
        let passkeys = &mut self.data.passkeys;
        let found = passkeys.iter().position(|it| it.id == state.id && it.version == state.version);
        passkeys.remove(found.ok_or(StoreError::Stale)?);
        self.tell(events);
        Ok(())
    }

    async fn erase_all(&mut self, user: UserId) -> Result<(), StoreError> {
        self.data.passkeys.retain(|it| it.user_id != user);
        Ok(())
    }

    async fn finish(&mut self, ceremony: &TokenHash, _: Timestamp) -> Result<(), StoreError> {
        if self.data.finished_ceremonies.contains(ceremony) {
            return Err(StoreError::Duplicate("digest".to_owned()));
        }
        self.data.finished_ceremonies.push(ceremony.clone());
        Ok(())
    }
}

#[async_trait]
impl PasskeyQueries for MemoryStore {
    async fn list(&self, user: UserId, request: &PageRequest<Unsorted>) -> Result<Page<PasskeyView>, StoreError> {
        let data = self.data();
        let own = data.passkeys.iter().filter(|it| it.user_id == user).cloned();
        let mut views: Vec<_> = own.map(PasskeyView::from).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.id));
        let total = request.include_total.then_some(views.len() as u64);
        Ok(Page::cut(views, request.limit, total, |view| Position { values: Vec::new(), id: view.id.uuid() }))
    }

    async fn find(&self, user: UserId, id: PasskeyId) -> Result<Option<PasskeyView>, StoreError> {
        let data = self.data();
        let found = data.passkeys.iter().find(|it| it.user_id == user && it.id == id);
        Ok(found.cloned().map(PasskeyView::from))
    }

    async fn credentials(&self, user: UserId) -> Result<Vec<String>, StoreError> {
        let data = self.data();
        Ok(data.passkeys.iter().filter(|it| it.user_id == user).map(|it| it.credential.clone()).collect())
    }
}
