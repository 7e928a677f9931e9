use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    Email, ExternalIdentity, ExternalSubject, IdentityFact, IdentityProvider, ProviderKey, ProviderSettings,
    SignInFailure, TokenHash, User,
};
use tenon_domain::organizations::{DomainName, Member, MemberRole, RoleChoice};
use tenon_domain::{IdentityProviderId, OrganizationId, SignInCodeId, UserId};

use super::{SignInRefusal, VouchedClaims};
use crate::actor::Actor;
use crate::command::{Command, Work, about_sign_in};
use crate::error::AppError;
use crate::identity::sign_in::enter_home;
use crate::organizations::{held_roles, is_address_kept_out, is_kept_out};
use crate::token_access::TokenAccess;
use crate::unit_of_work::Scope;

/// Finds whom an identity provider vouches for, or makes them an account, and gives them a sign-in code.
#[derive(Clone)]
pub struct CompleteSignIn {
    pub provider: ProviderKey,
    pub settings: ProviderSettings,
    /// Whose members the people of the provider are.
    pub organization: Option<OrganizationId>,
    pub claims: VouchedClaims,
    pub code: SignInCodeId,
    pub code_hash: TokenHash,
    pub browser_hash: TokenHash,
}

/// Who came.
pub(super) enum Arrival {
    Known(Box<User>),
    New(Email),
}

/// Somebody who is let in, before anything is written.
pub(super) struct Admitted {
    pub(super) arrival: Arrival,
    pub(super) subject: ExternalSubject,
    pub(super) identity: Option<ExternalIdentity>,
    pub(super) member: Option<Member>,
    /// Which role the provider gives.
    pub(super) role: Option<MemberRole>,
}

#[async_trait]
impl Command for CompleteSignIn {
    /// A refusal is an outcome: the audit trail has it.
    type Output = Result<(), SignInRefusal>;
    const NAME: &'static str = "auth.oidc_callback";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    fn scope(&self, _: &Actor) -> Scope {
        Scope::Deployment
    }

    async fn handle(&self, work: &mut Work<'_>) -> Result<Result<(), SignInRefusal>, AppError> {
        let mut current = self.clone();
        if let Some(organization) = self.organization {
            work.unit().enter(organization).await?;
            if work.unit().organizations().current().await?.is_none() {
                if self.provider.id().is_none() {
                    // Those of organizations go with them; this one is wrongly configured.
                    tracing::warn!(provider = %self.provider, %organization, "there is no such organization");
                }
                return Ok(Err(SignInRefusal::UnknownProvider));
            }
            if let Some(id) = self.provider.id() {
                let Some(settings) = self.settings_by_now(work, id).await? else {
                    return Ok(Err(SignInRefusal::UnknownProvider));
                };
                current.settings = settings;
            }
        }
        current.finish(work).await
    }
}

impl CompleteSignIn {
    /// What the organization's provider is by now, if that is still who was asked: it may have been changed while the
    /// answer was waited for.
    async fn settings_by_now(
        &self,
        work: &mut Work<'_>,
        id: IdentityProviderId,
    ) -> Result<Option<ProviderSettings>, AppError> {
        let asked = &self.settings;
        let is_same = |it: &IdentityProvider| {
            let settings = &it.state().settings;
            let is_same_client = settings.issuer == asked.issuer && settings.client_id == asked.client_id;
            // What it said of groups was read by this claim.
            settings.enabled && is_same_client && settings.groups_claim == asked.groups_claim
        };
        let found = work.unit().identity_providers().find(id).await?.filter(is_same);
        Ok(found.map(|it| it.state().settings.clone()))
    }

    async fn finish(&self, work: &mut Work<'_>) -> Result<Result<(), SignInRefusal>, AppError> {
        let mut user = None;
        match self.admit(work, &mut user).await? {
            Ok(admitted) => {
                self.let_in(work, admitted).await?;
                Ok(Ok(()))
            }
            Err(refusal) => {
                if self.organization.is_none() {
                    enter_home(work, user).await?;
                }
                let address = self.address().map(|email| email.to_string()).unwrap_or_default();
                let failed = IdentityFact::SignInFailed { reason: SignInFailure::NotAdmitted };
                work.unit().events().record(vec![about_sign_in(user, &address, failed)]).await?;
                Ok(Err(refusal))
            }
        }
    }

    /// Who comes, if they may. Nothing is written of who does; who comes with groups that give no role is suspended.
    /// `seen` is set to the account that it is about.
    async fn admit(
        &self,
        work: &mut Work<'_>,
        seen: &mut Option<UserId>,
    ) -> Result<Result<Admitted, SignInRefusal>, AppError> {
        let Some(subject) = ExternalSubject::parse(&self.claims.subject) else {
            return Ok(Err(SignInRefusal::Failed));
        };
        let issuer = &self.settings.issuer;
        let identity = work.unit().external_identities().find(&self.provider, issuer, &subject).await?;
        let arrival = match &identity {
            Some(identity) => match work.unit().users().find_locked(identity.state().user_id).await? {
                Some(user) => Arrival::Known(Box::new(user)),
                None => return Ok(Err(SignInRefusal::NoAccount)),
            },
            None => match self.by_address(work, seen).await? {
                Ok(arrival) => arrival,
                Err(refusal) => return Ok(Err(refusal)),
            },
        };
        let mut member = None;
        if let Arrival::Known(user) = &arrival {
            *seen = Some(user.state().id);
            // An organization vouches for addresses of its own: whoever has another one by now is somebody else's.
            if self.provider.id().is_some() && !self.may_vouch_for(work, &user.state().email).await? {
                return Ok(Err(SignInRefusal::ForeignAddress));
            }
            if user.state().is_deactivated() {
                return Ok(Err(SignInRefusal::Deactivated));
            }
            if self.organization.is_some() {
                member = work.unit().members().find(user.state().id).await?;
                if member.as_ref().is_some_and(|it| !it.state().is_active()) {
                    return Ok(Err(SignInRefusal::Suspended));
                }
                // Whom an administrator has removed comes back when one invites them.
                if member.is_none() && is_kept_out(work, user.state()).await? {
                    return Ok(Err(SignInRefusal::NotAMember));
                }
            }
        }
        if let Arrival::New(email) = &arrival
            && is_address_kept_out(work, email).await?
        {
            return Ok(Err(SignInRefusal::NotAMember));
        }
        let role = self.role(work).await?;
        match (self.organization, &member) {
            (Some(_), None) if !self.settings.provisioning => return Ok(Err(SignInRefusal::NotAMember)),
            (Some(_), None) if role.is_none() => return Ok(Err(SignInRefusal::NoRole)),
            (Some(organization), Some(member)) if self.is_synced(member) && role.is_none() => {
                // That a role is gone is the organization's doing, and takes nothing from who was to have it.
                if self.settings.roles_for(&self.claims.groups).is_empty() {
                    self.suspend(work, organization, member.clone()).await?;
                }
                return Ok(Err(SignInRefusal::NoRole));
            }
            _ => {}
        }
        Ok(Ok(Admitted { arrival, subject, identity, member, role }))
    }

    /// Who an identity belongs to that was never seen here: whoever has the address, if the provider knows that it is
    /// theirs and may say so.
    async fn by_address(
        &self,
        work: &mut Work<'_>,
        seen: &mut Option<UserId>,
    ) -> Result<Result<Arrival, SignInRefusal>, AppError> {
        let Some(email) = self.address().filter(|_| self.claims.email_verified) else {
            return Ok(Err(SignInRefusal::UnverifiedAddress));
        };
        if !self.may_vouch_for(work, &email).await? {
            return Ok(Err(SignInRefusal::ForeignAddress));
        }
        let Some(found) = work.unit().users().find_by_email(&email).await? else {
            // Without an organization there would be nowhere to sign in to.
            let may_come = self.settings.provisioning && self.organization.is_some();
            return Ok(if may_come { Ok(Arrival::New(email)) } else { Err(SignInRefusal::NoAccount) });
        };
        let id = found.state().id;
        *seen = Some(id);
        let user = work.unit().users().find_locked(id).await?;
        let Some(user) = user.filter(|user| user.state().email == email) else { return Err(AppError::Stale) };
        // Whoever registered it need not be who reads it, and would go on knowing the password.
        if user.state().email_verified_at.is_none() {
            return Ok(Err(SignInRefusal::UnverifiedAccount));
        }
        // Addresses are given to others: who has it there now is not who had it before.
        if work.unit().external_identities().is_known(id, &self.provider, &self.settings.issuer).await? {
            return Ok(Err(SignInRefusal::OtherIdentity));
        }
        Ok(Ok(Arrival::Known(Box::new(user))))
    }

    /// The strongest of the roles that the provider gives. A custom one that is gone permits nothing, and lets nobody in.
    async fn role(&self, work: &mut Work<'_>) -> Result<Option<MemberRole>, AppError> {
        let given = self.settings.roles_for(&self.claims.groups);
        let custom: Vec<_> = given.iter().copied().filter_map(RoleChoice::custom).collect();
        if !custom.is_empty() {
            // Locks the organization before its roles, as everybody does who needs both.
            work.unit().members().lock_organization().await?;
        }
        let custom = held_roles(work, &custom).await?;
        let system = given.into_iter().filter_map(RoleChoice::system).map(MemberRole::from);
        Ok(MemberRole::strongest(system.chain(custom)))
    }

    fn address(&self) -> Option<Email> {
        self.claims.email.as_deref().and_then(|email| Email::parse(email).ok())
    }

    /// Whether the provider may say whose this address is. One of the deployment's may, unless it is for certain domains;
    /// an organization's only where the organization has proved that the domain is its own: else whoever founds an
    /// organization could be anybody.
    async fn may_vouch_for(&self, work: &mut Work<'_>, email: &Email) -> Result<bool, AppError> {
        let domains = &self.settings.domains;
        Ok(match &self.provider {
            ProviderKey::Deployment(_) => domains.is_empty() || domains.hold(email),
            ProviderKey::Organization(_) => {
                domains.hold(email) && work.unit().domains().is_verified(&DomainName::of(email)).await?
            }
        })
    }

    /// Whether the provider says which role a member has.
    pub(super) fn is_synced(&self, member: &Member) -> bool {
        !self.settings.group_roles.is_empty() && member.state().role != OrganizationRole::Owner
    }
}
