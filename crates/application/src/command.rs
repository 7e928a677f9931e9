//! Commands: the one way in for every change.

use async_trait::async_trait;
use chrono::TimeDelta;
use tenon_domain::access::{OrganizationAccess, Permission, Permissions, ProjectAccess};
use tenon_domain::identity::{Email, IdentityFact};
use tenon_domain::projects::Project;
use tenon_domain::{
    CustomRoleId, DomainEvent, Fact, FieldChange, OrganizationId, ProjectId, ResourceKind, SessionId, Subject,
    Timestamp, TokenId, UserId, Version,
};
use uuid::Uuid;

use crate::actor::{Actor, Viewer};
use crate::error::AppError;
use crate::identity::{AddressDigest, AddressDigests};
use crate::ports::IdGenerator;
use crate::token_access::TokenAccess;
use crate::unit_of_work::{Scope, UnitOfWork};

/// A use case that changes something. It is run by [`App::execute`](crate::App::execute), in a transaction.
#[async_trait]
pub trait Command: Send + Sync {
    type Output: Send;
    /// The span, the metric label and the log field `operation` (`task.create`).
    const NAME: &'static str;
    /// What it asks of a personal access token.
    const ACCESS: TokenAccess;
    /// Whether it may be done by who lacks the second factor that the organization requires: what is about their own
    /// account, and what leads out of the organization.
    const WITHOUT_MFA: bool = false;
    /// Whether the pipeline may run the command again after a concurrent change.
    const RETRY_WHEN_STALE: bool = true;

    /// What the unit of work may reach: the actor's organization, unless the command crosses tenants.
    fn scope(&self, actor: &Actor) -> Scope {
        actor.organization().map_or(Scope::Deployment, Scope::Organization)
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Self::Output, AppError>;
}

/// Whether one deployment serves many organizations or a single one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tenancy {
    Multi,
    Single,
}

/// Something that follows from a commit and must not happen without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell every instance that a session has ended.
    SessionEnded { session: SessionId },
    /// Tell every instance that a personal access token is worthless.
    TokenRevoked { token: TokenId },
    /// Tell every instance which role a user has in an organization now.
    RoleChanged { organization: OrganizationId, user: UserId, role: Option<OrganizationAccess> },
    /// Have every instance find out again what a custom role permits.
    CustomRoleChanged { organization: OrganizationId, role: CustomRoleId },
    /// Have every instance find out again which role a user has in an organization.
    RoleUnknown { organization: OrganizationId, user: UserId },
    /// Have every instance find out again whether a user has a second factor.
    MfaChanged { user: UserId },
    /// Have every instance find out again whether an organization requires one.
    MfaRequirementChanged { organization: OrganizationId },
}

/// What a command works with: the transaction, the actor, the time and ids.
pub struct Work<'a> {
    pub(crate) unit: &'a mut dyn UnitOfWork,
    pub(crate) actor: &'a Actor,
    /// The actor with the access that they have in this transaction, once it was looked at.
    pub(crate) reviewed: Option<Viewer>,
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a dyn IdGenerator,
    pub(crate) addresses: &'a dyn AddressDigests,
    pub(crate) tenancy: Tenancy,
    pub(crate) session_max_age: TimeDelta,
    pub(crate) effects: Vec<Effect>,
}

impl Work<'_> {
    /// The repositories.
    pub fn unit(&mut self) -> &mut dyn UnitOfWork {
        self.unit
    }

    pub fn actor(&self) -> &Actor {
        self.actor
    }

    pub fn viewer(&self) -> Result<Viewer, AppError> {
        self.reviewed.map_or_else(|| self.actor.viewer(), Ok)
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub fn next_id<T: From<Uuid>>(&self) -> T {
        self.ids.next_id().into()
    }

    /// What stands for an address where it must not be readable.
    pub fn digest_of(&self, address: &Email) -> AddressDigest {
        self.addresses.digest(address)
    }

    pub fn tenancy(&self) -> Tenancy {
        self.tenancy
    }

    /// The age at which sessions end, however often they are refreshed.
    pub fn session_max_age(&self) -> TimeDelta {
        self.session_max_age
    }

    /// Remembers what is to be done once the transaction is committed.
    pub fn after_commit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Looks at the access of the actor anew, which was found out before the transaction began: what was taken from them
    /// meanwhile they do not give themselves back. Whoever is about to change what anybody may do in the organization
    /// does so first, one after another, so that it holds until the commit.
    pub(crate) async fn review_access(&mut self) -> Result<(), AppError> {
        if self.reviewed.is_none() {
            let Viewer { user, organization, .. } = self.actor.viewer()?;
            self.unit.members().lock_organization().await?;
            let access = self.unit.members().role_in(user, organization).await?;
            let access = access.ok_or_else(|| AppError::Unauthenticated(self.actor.denial_without_role()))?;
            self.reviewed = Some(Viewer::new(user, organization, access));
        }
        Ok(())
    }

    /// Requires a permission in the organization as a whole.
    pub async fn require(&mut self, permission: Permission) -> Result<Viewer, AppError> {
        // Who has it by no means does not hold up those who do.
        if permission.decides_access() && self.viewer()?.allows(permission) {
            self.review_access().await?;
        }
        let viewer = self.viewer()?;
        if viewer.allows(permission) { Ok(viewer) } else { Err(AppError::Forbidden(permission)) }
    }

    /// The project, if the actor may do this in it. To who cannot see it, it does not exist.
    pub async fn project(&mut self, id: ProjectId, permission: Permission) -> Result<Project, AppError> {
        self.project_or(id, permission, AppError::NotFound("project")).await
    }

    /// Like [`Work::project`], for something inside the project that does not exist when the project doesn't.
    pub async fn project_or(
        &mut self,
        id: ProjectId,
        permission: Permission,
        absent: AppError,
    ) -> Result<Project, AppError> {
        let (project, _) = self.project_and_rights(id, permission, absent).await?;
        Ok(project)
    }

    /// Like [`Work::project_or`], with all that the actor may do in the project.
    pub async fn project_and_rights(
        &mut self,
        id: ProjectId,
        permission: Permission,
        absent: AppError,
    ) -> Result<(Project, Permissions), AppError> {
        let found = self.find_project(id, permission, &absent).await?;
        if !permission.decides_access() || self.reviewed.is_some() {
            return Ok(found);
        }
        self.review_access().await?;
        self.find_project(id, permission, &absent).await
    }

    async fn find_project(
        &mut self,
        id: ProjectId,
        permission: Permission,
        absent: &AppError,
    ) -> Result<(Project, Permissions), AppError> {
        let viewer = self.viewer()?;
        let Some((project, explicit)) = self.unit.projects().find_for(id, viewer.user).await? else {
            return Err(absent.clone());
        };
        let access = ProjectAccess { organization_role: viewer.role, visibility: project.state().visibility, explicit };
        let Some(rights) = access.permissions() else { return Err(absent.clone()) };
        if rights.contains(permission) { Ok((project, rights)) } else { Err(AppError::Forbidden(permission)) }
    }
}

/// Refuses when the caller named a version (`If-Match`) that is not the stored one.
pub fn check_version(expected: Option<Version>, stored: Version) -> Result<(), AppError> {
    match expected {
        Some(expected) if expected != stored => Err(AppError::PreconditionFailed),
        _ => Ok(()),
    }
}

/// An event that no entity records, because nothing changed: a permission was denied.
pub(crate) fn permission_denied(organization: OrganizationId, operation: &str, permission: Permission) -> DomainEvent {
    DomainEvent {
        subject: Subject { kind: ResourceKind::Operation, id: organization.uuid(), name: operation.to_owned() },
        project: None,
        fact: Fact::PermissionDenied { permission: permission.as_str().to_owned() },
        changes: Vec::new(),
    }
}

/// An event that no entity records, because nothing changed: how signing in to an account went, which need not exist.
/// Why it was refused is for those who read the audit trail.
pub(crate) fn about_sign_in(user: Option<UserId>, email: &str, fact: IdentityFact) -> DomainEvent {
    let reason = match &fact {
        IdentityFact::SignInFailed { reason } => FieldChange::of("reason", None::<&str>, reason.as_str()),
        _ => None,
    };
    DomainEvent {
        subject: Subject {
            kind: ResourceKind::User,
            id: user.map_or(Uuid::nil(), UserId::uuid),
            name: email.to_owned(),
        },
        project: None,
        fact: Fact::Identity(fact),
        changes: reason.into_iter().collect(),
    }
}
