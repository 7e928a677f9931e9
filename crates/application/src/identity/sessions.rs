//! Using and moving sessions.

use async_trait::async_trait;
use tenon_domain::identity::{PresentedToken, Session, TokenHash};
use tenon_domain::{OrganizationId, SessionId};

use super::{AccountNotice, Grant, UserView, mail_account};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::organizations::OrganizationView;
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Spends a refresh token for the next one.
#[derive(Clone, Debug)]
pub struct RotateSession {
    pub session: SessionId,
    pub presented: TokenHash,
    /// Whether what was presented was made here.
    pub genuine: bool,
    pub next: TokenHash,
    /// What the next one is derived from the presented one with.
    pub salt: String,
}

/// What comes of spending a refresh token.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// The next token is what this salt makes of the presented one: the same as before, when the answer was lost.
    Granted { grant: Box<Grant>, salt: String },
    /// It had been spent: its session has ended.
    Reused,
}

#[async_trait]
impl Command for RotateSession {
    type Output = Rotation;
    const NAME: &'static str = "auth.refresh";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Rotation, AppError> {
        let refused = AppError::Unauthenticated(Denial::InvalidRefreshToken);
        let now = work.now();
        let mut session = work.unit().sessions().find(self.session).await?.ok_or(refused.clone())?;
        let salt = match session.recognize(&self.presented, self.genuine, now) {
            PresentedToken::Current => {
                session.rotate(self.next.clone(), Some(self.salt.clone()), now);
                self.salt.clone()
            }
            PresentedToken::JustSpent { salt } => salt,
            PresentedToken::Reused => {
                end_for_reuse(work, session).await?;
                return Ok(Rotation::Reused);
            }
            PresentedToken::Worthless => return Err(refused),
        };
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
        session.switch(organization);
        work.unit().sessions().save(session).await?;
        let organization = work.unit().organizations().current().await?.ok_or(refused)?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        let grant = Grant { session: self.session, user: UserView::from(user), organization };
        Ok(Rotation::Granted { grant: Box::new(grant), salt })
    }
}

/// Ends a session whose token two seem to have, and tells its user. It is not known who of them is here: nobody is
/// named as the one who did it.
async fn end_for_reuse(work: &mut Work<'_>, mut session: Session) -> Result<(), AppError> {
    let now = work.now();
    let (id, user, organization) = (session.state().id, session.state().user_id, session.state().organization_id);
    work.unit().enter(organization).await?;
    session.revoke_for_reuse(now);
    work.unit().sessions().save(session).await?;
    if let Some(user) = work.unit().users().find(user).await? {
        mail_account(work, user.state().id, &user.state().email, AccountNotice::RefreshTokenReused).await?;
    }
    work.after_commit(Effect::SessionEnded { session: id });
    Ok(())
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
    const ACCESS: TokenAccess = TokenAccess::Session;
    const WITHOUT_MFA: bool = true;

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
        session.rotate(self.next.clone(), None, now);
        session.switch(self.organization);
        work.unit().sessions().save(session).await?;
        let user = work.unit().users().find(viewer.user).await?.ok_or(absent.clone())?;
        let organization = work.unit().organizations().current().await?.ok_or(absent)?;
        let organization = OrganizationView::new(organization.state().clone(), role);
        Ok(Grant { session: id, user: UserView::from(user.state().clone()), organization })
    }
}
