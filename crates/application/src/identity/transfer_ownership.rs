//! An owner who hands the organization on to another member.

use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission};
use tenon_domain::identity::{Password, UserKind};
use tenon_domain::organizations::{Member, OrganizationError};
use tenon_domain::{UserId, Version};

use super::own_credentials::{as_own_password, find_proven_self};
use super::second_factor::{Attempt, MfaAnswer, SecondFactorProof};
use super::{Accounts, Credentials};
use crate::actor::Actor;
use crate::command::{Command, Effect, Work, check_version};
use crate::error::AppError;
use crate::organizations::OrganizationView;
use crate::query::{Query, Reader};
use crate::token_access::TokenAccess;

impl Accounts {
    /// Makes a member an owner in the actor's stead, or beside them. Who has a second factor proves it for that.
    pub async fn transfer_ownership(
        &self,
        actor: &Actor,
        to: UserId,
        password: Password,
        answer: Option<MfaAnswer>,
        keep_role: bool,
        expected_version: Option<Version>,
    ) -> Result<OrganizationView, AppError> {
        // Before the password is looked at: what cannot be must not cost attempts.
        self.app.ask(actor, CheckNewOwner { user: to }).await?;
        let (_, proven) = self.prove(actor, password).await.map_err(as_own_password)?;
        let command = TransferOwnership { proven, proof: self.proof_of(answer)?, to, keep_role, expected_version };
        self.app.execute(actor, command).await?
    }
}

/// Whether the actor may hand the organization on, and to this user.
#[derive(Clone, Copy, Debug)]
struct CheckNewOwner {
    user: UserId,
}

#[async_trait]
impl Query for CheckNewOwner {
    type Output = ();
    const NAME: &'static str = "organization.check_new_owner";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn run(&self, reader: &Reader<'_>) -> Result<(), AppError> {
        let viewer = reader.require(Permission::ManageOwners)?;
        let identity = &reader.queries().identity;
        let access = identity.role(viewer.organization, self.user).await?;
        let kind = identity.kind(self.user).await?;
        if may_own(access, kind) && self.user != viewer.user { Ok(()) } else { Err(OrganizationError::NewOwner.into()) }
    }
}

/// A person who has access, and is no guest: also by no custom role that is based on it.
fn may_own(access: Option<OrganizationAccess>, kind: Option<UserKind>) -> bool {
    access.is_some_and(|access| access.role != OrganizationRole::Guest) && kind == Some(UserKind::Person)
}

/// Makes a member an owner, and the actor an administrator.
#[derive(Clone)]
pub struct TransferOwnership {
    pub proven: Credentials,
    pub proof: SecondFactorProof,
    pub to: UserId,
    /// Whether the actor stays an owner.
    pub keep_role: bool,
    /// Of the organization.
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for TransferOwnership {
    type Output = Attempt<OrganizationView>;
    const NAME: &'static str = "organization.transfer_ownership";
    const ACCESS: TokenAccess = TokenAccess::Session;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Attempt<OrganizationView>, AppError> {
        // The user before the organization, as in all that is about accounts.
        let owner = find_proven_self(work, &self.proven).await.map_err(as_own_password)?.state().clone();
        let viewer = work.require(Permission::ManageOwners).await?;
        let now = work.now();
        let owners = work.unit().members().count_owners().await?;
        let organization = work.unit().organizations().current().await?;
        let mut organization = organization.ok_or(AppError::NotFound("organization"))?;
        check_version(self.expected_version, organization.state().version)?;
        let giver = work.unit().members().find(viewer.user).await?;
        let giver = giver.filter(|it| it.state().active_role() == Some(OrganizationRole::Owner));
        let mut giver = giver.ok_or(AppError::Forbidden(Permission::ManageOwners))?;
        let mut heir = self.find_heir(work, viewer.user).await?;
        // Last: what cannot be must not cost a code.
        if let Err(refusal) = self.proof.check(work, &owner).await? {
            return Ok(Err(refusal));
        }
        let owners = owners + u64::from(heir.state().role != OrganizationRole::Owner);
        heir.change_role(OrganizationRole::Owner, owners, now)?;
        if !self.keep_role {
            giver.change_role(OrganizationRole::Admin, owners, now)?;
        }
        for member in [heir, giver] {
            let before = member.state().version;
            let state = work.unit().members().save(member).await?;
            if state.version != before {
                let (organization, role) = (viewer.organization, state.active_access());
                work.after_commit(Effect::RoleChanged { organization, user: state.user_id, role });
            }
        }
        organization.hand_on(viewer.user, self.to, now);
        let state = work.unit().organizations().save(organization).await?;
        let role = if self.keep_role { OrganizationRole::Owner } else { OrganizationRole::Admin };
        Ok(Ok(OrganizationView::new(state, role)))
    }
}

impl TransferOwnership {
    async fn find_heir(&self, work: &mut Work<'_>, giver: UserId) -> Result<Member, AppError> {
        let heir = work.unit().members().find(self.to).await?;
        let kind = work.unit().users().find(self.to).await?.map(|user| user.state().kind);
        let heir = heir.filter(|it| may_own(it.state().active_access(), kind) && self.to != giver);
        heir.ok_or_else(|| OrganizationError::NewOwner.into())
    }
}
