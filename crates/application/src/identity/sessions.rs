//! Using and moving sessions.

use async_trait::async_trait;
use tenon_domain::identity::{AccountRequestKind, PresentedToken, Session, TokenHash, UserState};
use tenon_domain::{OrganizationId, SessionId, Timestamp};

use super::sign_in::homeless;
use super::{AccountNotice, EmailVerification, Grant, UserView, mail_account};
use crate::actor::{Actor, Denial};
use crate::command::{Command, Effect, Work};
use crate::error::AppError;
use crate::organizations::seen_with;
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
    pub verification: EmailVerification,
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
        session.cap(work.session_max_age());
        let salt = match session.recognize(&self.presented, self.genuine, now) {
            PresentedToken::Current => {
                session.rotate(self.next.clone(), Some(self.salt.clone()), now);
                session.cap(work.session_max_age());
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
        self.verification.check(&user, &session, now)?;
        // Who was removed from the session's organization goes on in another one of theirs.
        let here = session.state().organization_id;
        let (organization, access) = match work.unit().members().role_in(user_id, here).await? {
            Some(access) => (here, access),
            None => match work.unit().members().home_of(user_id).await? {
                Some(home) => home,
                None => return Err(homeless(work, &user, Denial::InvalidRefreshToken).await?.0),
            },
        };
        work.unit().enter(organization).await?;
        work.unit().act_as(user_id);
        session.switch(organization);
        work.unit().sessions().save(session).await?;
        let organization = seen_with(work, access).await?.ok_or(refused)?;
        let grant = Grant { session: self.session, user: UserView::from(user), organization };
        Ok(Rotation::Granted { grant: Box::new(grant), salt })
    }
}

impl EmailVerification {
    /// Refuses who had to show by now that they read their address. The session that begins with an account goes on for as
    /// long as the link is good that was mailed then, and from then on once they have.
    fn check(self, user: &UserState, session: &Session, now: Timestamp) -> Result<(), AppError> {
        let is_shown = self == Self::Off || user.email_verified_at.is_some();
        if is_shown || now < session.state().created_at + AccountRequestKind::VerifyEmail.lifetime() {
            Ok(())
        } else {
            Err(AppError::Unauthenticated(Denial::UnverifiedEmail))
        }
    }
}

/// The actor's session, locked, if it has not ended since the request was let in.
pub(super) async fn live_session(work: &mut Work<'_>) -> Result<Session, AppError> {
    let (id, now) = (work.actor().session()?, work.now());
    let mut session = work.unit().sessions().find(id).await?.ok_or(ENDED)?;
    session.cap(work.session_max_age());
    if session.is_live(now) { Ok(session) } else { Err(ENDED) }
}

const ENDED: AppError = AppError::Unauthenticated(Denial::EndedSession);

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
    pub verification: EmailVerification,
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
        let (viewer, now) = (work.viewer()?, work.now());
        let access = work.unit().members().role_in(viewer.user, self.organization).await?.ok_or(absent.clone())?;
        work.unit().enter(self.organization).await?;
        let mut session = live_session(work).await?;
        let id = session.state().id;
        let user = work.unit().users().find(viewer.user).await?.ok_or(absent.clone())?;
        self.verification.check(user.state(), &session, now)?;
        session.rotate(self.next.clone(), None, now);
        session.cap(work.session_max_age());
        session.switch(self.organization);
        work.unit().sessions().save(session).await?;
        let organization = seen_with(work, access).await?.ok_or(absent)?;
        Ok(Grant { session: id, user: UserView::from(user.state().clone()), organization })
    }
}
