//! Using, moving and ending sessions.

use async_trait::async_trait;
use tenon_domain::identity::TokenHash;
use tenon_domain::{OrganizationId, SessionId};

use super::{Grant, UserView};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::organizations::OrganizationView;
use crate::unit_of_work::Scope;

/// Spends a refresh token for the next one.
#[derive(Clone, Debug)]
pub struct RotateSession {
    pub session: SessionId,
    pub presented: TokenHash,
    pub next: TokenHash,
}

#[async_trait]
impl Command for RotateSession {
    type Output = Grant;
    const NAME: &'static str = "auth.refresh";

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidRefreshToken);
        let now = work.now();
        let mut session = work.unit().sessions().find(self.session).await?.ok_or(refused.clone())?;
        if !session.is_live(now) || session.state().refresh_hash != self.presented {
            return Err(refused);
        }
        let user_id = session.state().user_id;
        let user = work.unit().users().find(user_id).await?.ok_or(refused.clone())?.state().clone();
        // Who was removed from the session's organization goes on in another one of theirs.
        let here = session.state().organization_id;
        let (organization, role) = match work.unit().members().role_in(user_id, here).await? {
            Some(role) => (here, role),
            None => work.unit().members().home_of(user_id).await?.ok_or(refused.clone())?,
        };
        work.unit().enter(organization).await?;
        work.unit().act_as(user_id);
        session.rotate(self.next.clone(), now);
        session.switch(organization);
        work.unit().sessions().save(session).await?;
        let organization = work.unit().organizations().current().await?.ok_or(refused)?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        Ok(Grant { session: self.session, user: UserView::from(user), organization })
    }
}

/// Puts the actor's session into another organization of theirs, with a new refresh token.
#[derive(Clone, Debug)]
pub struct SwitchOrganization {
    pub organization: OrganizationId,
    pub next: TokenHash,
}

#[async_trait]
impl Command for SwitchOrganization {
    type Output = Grant;
    const NAME: &'static str = "auth.switch_organization";

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Grant, AppError> {
        let absent = AppError::NotFound("organization");
        let (viewer, id, now) = (work.viewer()?, work.actor().session()?, work.now());
        let role = work.unit().members().role_in(viewer.user, self.organization).await?.ok_or(absent.clone())?;
        work.unit().enter(self.organization).await?;
        let ended = AppError::Unauthenticated(Denial::EndedSession);
        let mut session = work.unit().sessions().find(id).await?.ok_or(ended.clone())?;
        if !session.is_live(now) {
            return Err(ended);
        }
        session.rotate(self.next.clone(), now);
        session.switch(self.organization);
        work.unit().sessions().save(session).await?;
        let user = work.unit().users().find(viewer.user).await?.ok_or(absent.clone())?;
        let organization = work.unit().organizations().current().await?.ok_or(absent)?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        Ok(Grant { session: id, user: UserView::from(user.state().clone()), organization })
    }
}

/// Ends the actor's session, at once and on every instance.
#[derive(Clone, Copy, Debug)]
pub struct EndSession;

#[async_trait]
impl Command for EndSession {
    type Output = ();
    const NAME: &'static str = "auth.logout";

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        let (id, now) = (work.actor().session()?, work.now());
        if let Some(mut session) = work.unit().sessions().find(id).await? {
            session.revoke(now);
            work.unit().sessions().save(session).await?;
        }
        work.after_commit(Effect::SessionEnded { session: id });
        Ok(())
    }
}
