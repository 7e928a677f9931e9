//! What sessions are made and guarded with: refresh tokens that can be read, and a throttle that says what it is told.

use std::sync::Mutex;

use async_trait::async_trait;
use tenon_domain::SessionId;
use uuid::Uuid;

use crate::identity::{Admission, RefreshTokenFacts, RefreshTokens, SignInAttempt, SignInThrottle};

/// `tenon_rt_<session>_secret` and a number, or what it followed from. Only those are genuine.
#[derive(Default)]
pub(super) struct PlainRefreshTokens(Mutex<u32>);

impl RefreshTokens for PlainRefreshTokens {
    fn fresh(&self, session: SessionId) -> String {
        let mut made = self.0.lock().unwrap();
        *made += 1;
        format!("tenon_rt_{}_secret{made}", session.uuid().simple())
    }

    fn following(&self, session: SessionId, spent: &str, salt: &str) -> String {
        let spent = spent.rsplit_once('_').map_or("", |(_, secret)| secret);
        format!("tenon_rt_{}_secret({salt} of {spent})", session.uuid().simple())
    }

    fn read(&self, token: &str) -> Option<RefreshTokenFacts> {
        let (session, secret) = token.strip_prefix("tenon_rt_")?.split_once('_')?;
        let session = Uuid::try_parse(session).ok().map(SessionId::new)?;
        Some(RefreshTokenFacts { session, genuine: secret.starts_with("secret") })
    }
}

/// Answers everything alike, and remembers what it was told.
pub(crate) struct ScriptedThrottle {
    admission: Mutex<Admission>,
    told: Mutex<Vec<(&'static str, SignInAttempt)>>,
}

impl ScriptedThrottle {
    pub(crate) fn answering(admission: Admission) -> Self {
        Self { admission: Mutex::new(admission), told: Mutex::default() }
    }

    pub(crate) fn answer(&self, admission: Admission) {
        *self.admission.lock().unwrap() = admission;
    }

    /// What it was told, and of which account.
    pub(crate) fn told(&self) -> Vec<(&'static str, String)> {
        self.told.lock().unwrap().iter().map(|(what, attempt)| (*what, attempt.account().to_owned())).collect()
    }

    fn hear(&self, what: &'static str, attempt: &SignInAttempt) {
        self.told.lock().unwrap().push((what, attempt.clone()));
    }
}

#[async_trait]
impl SignInThrottle for ScriptedThrottle {
    async fn admit(&self, _: &SignInAttempt) -> Admission {
        *self.admission.lock().unwrap()
    }

    async fn failed(&self, attempt: &SignInAttempt) {
        self.hear("failed", attempt);
    }

    async fn succeeded(&self, attempt: &SignInAttempt) {
        self.hear("succeeded", attempt);
    }

    async fn unlock(&self, attempt: &SignInAttempt) {
        self.hear("unlocked", attempt);
    }
}
