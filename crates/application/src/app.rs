//! The pipeline that every command and every query goes through, so that no use case can forget anything.

mod conclusion;
mod standing;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tenon_domain::access::Permission;
use tracing::Instrument;

use crate::actor::Actor;
use crate::command::{Command, Effect, Tenancy, Work, permission_denied};
use crate::documents::Documents;
use crate::error::AppError;
use crate::identity::{AddressDigests, SessionDirectory};
use crate::operation_metrics;
use crate::ports::{Availability, Clock, IdGenerator, RelayWaker};
use crate::query::{Queries, Query, Reader};
use crate::replica::Replica;
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, Transactions};

/// How often a command is tried when others keep changing the same thing.
const MAX_ATTEMPTS: u32 = 5;

/// The application: commands and queries run through it, and through nothing else.
#[derive(Clone)]
pub struct App {
    pub transactions: Arc<dyn Transactions>,
    /// On the primary database.
    pub queries: Queries,
    /// Where queries go that may lag behind a little.
    pub replica: Option<Replica>,
    pub documents: Documents,
    pub sessions: SessionDirectory,
    pub relay: Arc<dyn RelayWaker>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdGenerator>,
    pub addresses: Arc<dyn AddressDigests>,
    pub tenancy: Tenancy,
    /// The age at which sessions end, however often they are refreshed.
    pub session_max_age: TimeDelta,
    pub availability: Availability,
}

impl App {
    /// Runs a command in a unit of work and commits it; then wakes the relay and applies what follows.
    pub async fn execute<C: Command>(&self, actor: &Actor, command: C) -> Result<C::Output, AppError> {
        self.observed(actor, C::NAME, async {
            C::ACCESS.check(actor)?;
            self.check_mfa(actor, C::ACCESS, C::WITHOUT_MFA).await?;
            let mut attempt = 1;
            loop {
                match self.attempt(actor, &command).await {
                    Err(AppError::Stale) if C::RETRY_WHEN_STALE && attempt < MAX_ATTEMPTS => {
                        // Linear back-off: the winner of the race needs a moment, not an eternity.
                        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 3)).await;
                        attempt += 1;
                    }
                    Err(AppError::Forbidden(permission)) => {
                        self.note_denial(actor, C::NAME, permission).await;
                        return Err(AppError::Forbidden(permission));
                    }
                    outcome => return outcome,
                }
            }
        })
        .await
    }

    /// Runs a query.
    pub async fn ask<Q: Query>(&self, actor: &Actor, query: Q) -> Result<Q::Output, AppError> {
        self.observed(actor, Q::NAME, async {
            Q::ACCESS.check(actor)?;
            self.check_mfa(actor, Q::ACCESS, Q::WITHOUT_MFA).await?;
            let queries = if Q::FROM_CACHE { &self.queries } else { self.queries_for(actor).await };
            let (documents, addresses) = (&self.documents, self.addresses.as_ref());
            let reader = Reader { queries, documents, actor, now: self.clock.now(), addresses };
            let outcome = query.run(&reader).await;
            if let Err(AppError::Forbidden(permission)) = &outcome {
                self.note_denial(actor, Q::NAME, *permission).await;
            }
            outcome
        })
        .await
    }

    /// Refuses a user who lacks the second factor that their organization requires. Costs no query while the caches are
    /// warm.
    async fn check_mfa(&self, actor: &Actor, access: TokenAccess, is_exempt: bool) -> Result<(), AppError> {
        // What signs in may come with the token of another session.
        let is_exempt = is_exempt || access == TokenAccess::Internal;
        match actor.viewer() {
            Ok(viewer) if !is_exempt => self.sessions.check_mfa(viewer).await,
            _ => Ok(()),
        }
    }

    /// Those of the replica, for whom they are good enough.
    async fn queries_for(&self, actor: &Actor) -> &Queries {
        let lagging = match (&self.replica, actor.user_id()) {
            (Some(replica), Some(user)) => replica.queries_for(user).await,
            _ => None,
        };
        lagging.unwrap_or(&self.queries)
    }

    async fn attempt<C: Command>(&self, actor: &Actor, command: &C) -> Result<C::Output, AppError> {
        let now = self.clock.now();
        let mut unit = self.transactions.begin(command.scope(actor), actor, now).await?;
        let mut work = Work {
            unit: unit.as_mut(),
            actor,
            reviewed: None,
            now,
            ids: self.ids.as_ref(),
            addresses: self.addresses.as_ref(),
            tenancy: self.tenancy,
            session_max_age: self.session_max_age,
            effects: Vec::new(),
        };
        let output = command.handle(&mut work).await?;
        let effects = work.effects;
        if let (Some(key), Some(user)) = (&actor.origin.idempotency_key, actor.user_id()) {
            unit.idempotency().mark_committed(user, key).await?;
        }
        self.conclude(unit, effects).await?;
        Ok(output)
    }

    async fn apply(&self, effect: &Effect) {
        match *effect {
            Effect::SessionEnded { session } => self.sessions.session_ended(session).await,
            Effect::TokenRevoked { token } => self.sessions.token_revoked(token).await,
            Effect::RoleChanged { organization, user, role } => {
                self.sessions.role_changed(organization, user, role).await;
            }
            Effect::RoleUnknown { .. }
            | Effect::CustomRoleChanged { .. }
            | Effect::MfaChanged { .. }
            | Effect::MfaRequirementChanged { .. } => {
                self.sessions.forget(std::slice::from_ref(effect)).await;
            }
        }
    }

    /// Puts a denied permission on the audit trail. A failure to do so must not hide the refusal itself.
    async fn note_denial(&self, actor: &Actor, operation: &str, permission: Permission) {
        let Some(organization) = actor.organization() else { return };
        let noted = async {
            let scope = Scope::Organization(organization);
            let mut unit = self.transactions.begin(scope, actor, self.clock.now()).await?;
            unit.events().record(vec![permission_denied(organization, operation, permission)]).await?;
            unit.commit().await
        };
        match noted.await {
            Ok(_) => self.relay.wake(),
            Err(error) => tracing::error!(%error, operation, "a denied permission could not be audited"),
        }
    }

    /// One span, one metric and one log line for every operation, with the same fields everywhere.
    async fn observed<T>(
        &self,
        actor: &Actor,
        operation: &'static str,
        run: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AppError> {
        let span = tracing::info_span!(
            "operation",
            operation,
            request_id = actor.origin.request_id.as_deref(),
            user_id = actor.user_id().map(tracing::field::display),
            organization_id = actor.organization().map(tracing::field::display),
        );
        let started = Instant::now();
        let outcome = self.availability.within_reach(run.instrument(span.clone())).await;
        let elapsed = started.elapsed();
        let label = outcome.as_ref().err().map_or("ok", AppError::kind);
        operation_metrics::record(operation, label, elapsed.as_secs_f64());
        let duration_ms = elapsed.as_secs_f64() * 1000.0;
        span.in_scope(|| tracing::info!(duration_ms, success = outcome.is_ok(), outcome = label, "{operation}"));
        outcome
    }
}

#[cfg(test)]
mod tests;
