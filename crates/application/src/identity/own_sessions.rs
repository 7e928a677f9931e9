//! The sessions of a user, as they see them and end them.

use async_trait::async_trait;
use tenon_domain::SessionId;
use tenon_domain::identity::Session;

use super::SessionView;
use crate::actor::Actor;
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::page::{Page, PageRequest, Unsorted};
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// The actor's sessions that live, the last used first.
#[derive(Clone, Debug)]
pub struct ListSessions {
    pub page: PageRequest<Unsorted>,
}

#[async_trait]
impl Query for ListSessions {
    type Output = Page<SessionView>;
    const NAME: &'static str = "session.list";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    async fn run(&self, reader: &Reader<'_>) -> Result<Page<SessionView>, AppError> {
        let (user, current) = (reader.viewer()?.user, reader.actor().session()?);
        Ok(reader.queries().identity.sessions(user, Some(current), reader.now(), &self.page).await?)
    }
}

/// Ends the session that the actor is here with.
#[derive(Clone, Copy, Debug)]
pub struct EndSession;

#[async_trait]
impl Command for EndSession {
    type Output = ();
    const NAME: &'static str = "auth.logout";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let id = work.actor().session()?;
        match work.unit().sessions().find(id).await? {
            Some(session) => end_sessions(work, vec![session]).await,
            None => {
                work.after_commit(Effect::SessionEnded { session: id });
                Ok(())
            }
        }
    }
}

/// Ends any one session of the actor's.
#[derive(Clone, Copy, Debug)]
pub struct EndOwnSession {
    pub session: SessionId,
}

#[async_trait]
impl Command for EndOwnSession {
    type Output = ();
    const NAME: &'static str = "session.end";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (user, now) = (work.viewer()?.user, work.now());
        let session = work.unit().sessions().find(self.session).await?;
        let session = session.filter(|session| session.state().user_id == user && session.is_live(now));
        end_sessions(work, vec![session.ok_or(AppError::NotFound("session"))?]).await
    }
}

/// Ends all sessions of the actor's.
#[derive(Clone, Copy, Debug)]
pub struct EndAllSessions;

#[async_trait]
impl Command for EndAllSessions {
    type Output = ();
    const NAME: &'static str = "auth.logout_all";
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let user = work.viewer()?.user;
        let sessions = work.unit().sessions().live_of(user).await?;
        end_sessions(work, sessions).await
    }
}

/// Ends the actor's sessions but for the one they are here with, as [`end_sessions`] does.
pub(super) async fn end_other_sessions(work: &mut Work<'_>) -> Result<(), AppError> {
    let (user, here) = (work.viewer()?.user, work.actor().session()?);
    let mut others = work.unit().sessions().live_of(user).await?;
    others.retain(|session| session.state().id != here);
    end_sessions(work, others).await
}

/// Ends sessions, at once and on every instance. Each end is told in the organization that the session was in; the
/// unit of work is in the last of them afterwards.
pub(crate) async fn end_sessions(work: &mut Work<'_>, mut sessions: Vec<Session>) -> Result<(), AppError> {
    let now = work.now();
    sessions.sort_by_key(|session| session.state().organization_id);
    for of_one in sessions.chunk_by(|one, next| one.state().organization_id == next.state().organization_id) {
        let Some(first) = of_one.first() else { continue };
        work.unit().enter(first.state().organization_id).await?;
        let mut ended = of_one.to_vec();
        ended.iter_mut().for_each(|session| session.revoke(now));
        for session in &ended {
            work.after_commit(Effect::SessionEnded { session: session.state().id });
        }
        work.unit().sessions().save_all(ended).await?;
    }
    Ok(())
}
