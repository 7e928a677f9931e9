use std::sync::Arc;

use async_trait::async_trait;
use tenon_domain::access::{Permission, Scope};
use tenon_domain::organizations::{DomainName, OrganizationDomain, OrganizationError};
use tenon_domain::{DomainId, Version};

use super::{DomainArchive, DomainView, FindDomain, LookupError, LookupsUnderWay, TxtRecords};
use crate::actor::Actor;
use crate::app::App;
use crate::command::{Command, Work, check_version};
use crate::error::AppError;
use crate::identity::SecretTokens;
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// The flows that ask the DNS, outside any transaction.
#[derive(Clone)]
pub struct Domains {
    pub app: App,
    pub records: Arc<dyn TxtRecords>,
    pub secrets: Arc<dyn SecretTokens>,
    pub archive: Arc<dyn DomainArchive>,
    pub lookups: LookupsUnderWay,
}

impl Domains {
    /// Claims a domain for the actor's organization, with a record that nobody can guess.
    pub async fn claim(&self, actor: &Actor, name: DomainName) -> Result<DomainView, AppError> {
        self.app.execute(actor, ClaimDomain { name, token: self.secrets.random() }).await
    }

    /// Looks for the record that proves a domain to be the organization's own.
    pub async fn verify(
        &self,
        actor: &Actor,
        domain: DomainId,
        expected_version: Option<Version>,
    ) -> Result<DomainView, AppError> {
        // Before the DNS is asked on somebody's behalf who may not have it asked.
        VerifyDomain::ACCESS.check(actor)?;
        let claimed = self.app.ask(actor, FindDomain { domain }).await?;
        check_version(expected_version, claimed.version)?;
        let under_way = self.lookups.begin(actor.viewer()?)?;
        let is_proved = self.says(&claimed.record_name, &claimed.record_value).await?;
        drop(under_way);
        if !is_proved {
            let DomainView { record_name: name, record_value: value, .. } = claimed;
            return Err(AppError::DomainUnproved { name, value });
        }
        self.app.execute(actor, VerifyDomain { domain, expected_version }).await
    }

    /// Whether there is a record of this name that says this.
    pub(super) async fn says(&self, name: &str, value: &str) -> Result<bool, LookupError> {
        let texts = self.records.lookup(name).await?;
        Ok(texts.iter().any(|text| text.trim() == value))
    }
}

/// Keeps a claim. Its token was made before; see [`Domains`].
#[derive(Clone, Debug)]
pub struct ClaimDomain {
    pub name: DomainName,
    pub token: String,
}

#[async_trait]
impl Command for ClaimDomain {
    type Output = DomainView;
    const NAME: &'static str = "domain.claim";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<DomainView, AppError> {
        work.require(Permission::ManageDomains).await?;
        let claimed = work.unit().domains().count().await?;
        let (id, now) = (work.next_id(), work.now());
        let domain = OrganizationDomain::claim(id, self.name.clone(), self.token.clone(), claimed, now)?;
        match work.unit().domains().save(domain).await {
            Err(StoreError::Duplicate(_)) => Err(OrganizationError::DomainClaimed.into()),
            stored => Ok(stored?.into()),
        }
    }
}

/// Notes that the record of a domain was found.
#[derive(Clone, Copy, Debug)]
pub struct VerifyDomain {
    pub domain: DomainId,
    pub expected_version: Option<Version>,
}

#[async_trait]
impl Command for VerifyDomain {
    type Output = DomainView;
    const NAME: &'static str = "domain.verify";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::OrganizationWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<DomainView, AppError> {
        work.require(Permission::ManageDomains).await?;
        let mut domain = work.unit().domains().find(self.domain).await?.ok_or(AppError::NotFound("domain"))?;
        check_version(self.expected_version, domain.state().version)?;
        domain.verify(work.now());
        match work.unit().domains().save(domain).await {
            Err(StoreError::Duplicate(_)) => Err(OrganizationError::DomainTaken.into()),
            stored => Ok(stored?.into()),
        }
    }
}
