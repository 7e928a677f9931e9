//! Domains in memory, and a DNS that says what it is told to.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{DomainName, OrganizationDomain, OrganizationDomainState};
use tenon_domain::{DomainId, OrganizationId, Timestamp, UserId};

use super::accounts::CountedSecrets;
use super::data::{Data, MemoryStore, next_version};
use super::scene::Scene;
use super::unit::MemoryUnit;
use crate::actor::Viewer;
use crate::identity::AddressDigest;
use crate::organizations::{
    DomainArchive, DomainQueries, DomainRepository, DomainView, Domains, DueDomain, JoinableOrganizationView,
    LookupError, LookupsUnderWay, TxtRecords,
};
use crate::page::{Page, PageRequest, Position, Unsorted};
use crate::unit_of_work::StoreError;

/// The flows that ask the DNS, and the DNS they ask.
pub(crate) fn domain_service(scene: &Scene) -> (Domains, Arc<ScriptedRecords>) {
    let records = Arc::new(ScriptedRecords::default());
    let domains = Domains {
        app: scene.app.clone(),
        records: records.clone(),
        secrets: Arc::new(CountedSecrets::default()),
        archive: Arc::new(scene.store.clone()),
        lookups: LookupsUnderWay::default(),
    };
    (domains, records)
}

/// A DNS that knows what it was told.
#[derive(Default)]
pub(crate) struct ScriptedRecords {
    texts: Mutex<HashMap<String, Vec<String>>>,
    away: Mutex<bool>,
    asked: Mutex<Vec<String>>,
}

impl ScriptedRecords {
    pub(crate) fn say(&self, name: &str, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.texts.lock().unwrap().insert(name.to_owned(), texts);
    }

    pub(crate) fn be_away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    /// The names that were looked up, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl TxtRecords for ScriptedRecords {
    async fn lookup(&self, name: &str) -> Result<Vec<String>, LookupError> {
        self.asked.lock().unwrap().push(name.to_owned());
        if *self.away.lock().unwrap() {
            return Err(LookupError("no answer".to_owned()));
        }
        Ok(self.texts.lock().unwrap().get(name).cloned().unwrap_or_default())
    }
}

impl Data {
    /// Where addresses of a domain may join, and as what.
    fn open_to(&self, domain: &DomainName) -> Vec<(OrganizationId, OrganizationRole)> {
        let known = self.domains.iter().filter(|(_, it)| it.name == *domain);
        known.filter_map(|(org, it)| it.open_with().map(|role| (*org, role))).collect()
    }
}

#[async_trait]
impl DomainRepository for MemoryUnit {
    async fn find(&mut self, id: DomainId) -> Result<Option<OrganizationDomain>, StoreError> {
        let tenant = self.tenant()?;
        let found = self.data.domains.iter().find(|(org, it)| *org == tenant && it.id == id);
        Ok(found.map(|(_, it)| OrganizationDomain::restore(it.clone())))
    }

    async fn save(&mut self, domain: OrganizationDomain) -> Result<OrganizationDomainState, StoreError> {
        let tenant = self.tenant()?;
        let (mut state, events) = domain.into_parts();
        let others = || self.data.domains.iter().filter(|(_, it)| it.id != state.id && it.name == state.name);
        if others().any(|(org, _)| *org == tenant) {
            return Err(StoreError::Duplicate("name".to_owned()));
        }
        if state.verified_at.is_some() && others().any(|(_, it)| it.verified_at.is_some()) {
            return Err(StoreError::Duplicate("proved_name".to_owned()));
        }
        let stored = self.data.domains.iter().find(|(_, it)| it.id == state.id).map(|(_, it)| it.version);
        state.version = next_version(state.version, stored)?;
        self.data.domains.retain(|(_, it)| it.id != state.id);
        self.data.domains.push((tenant, state.clone()));
        self.tell(events);
        Ok(state)
    }

    async fn remove(&mut self, domain: OrganizationDomain) -> Result<(), StoreError> {
        let (state, events) = domain.into_parts();
        self.data.domains.retain(|(_, it)| it.id != state.id);
        self.tell(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let tenant = self.tenant()?;
        Ok(self.data.domains.iter().filter(|(org, _)| *org == tenant).count() as u64)
    }

    async fn is_verified(&mut self, domain: &DomainName) -> Result<bool, StoreError> {
        let tenant = self.tenant()?;
        let mut own = self.data.domains.iter().filter(|(org, _)| *org == tenant);
        Ok(own.any(|(_, it)| it.name == *domain && it.verified_at.is_some()))
    }

    async fn open_to(&mut self, domain: &DomainName) -> Result<Vec<(OrganizationId, OrganizationRole)>, StoreError> {
        Ok(self.data.open_to(domain))
    }
}

#[async_trait]
impl DomainQueries for MemoryStore {
    async fn list(&self, viewer: Viewer, page: &PageRequest<Unsorted>) -> Result<Page<DomainView>, StoreError> {
        let mut own = self.data().domains.clone();
        own.retain(|(org, _)| *org == viewer.organization);
        own.sort_by_key(|(_, it)| Reverse(it.id));
        let total = page.include_total.then_some(own.len() as u64);
        let views = own.into_iter().map(|(_, it)| DomainView::from(it)).collect();
        Ok(Page::cut(views, page.limit, total, |it| Position { values: Vec::new(), id: it.id.uuid() }))
    }

    async fn find(&self, viewer: Viewer, id: DomainId) -> Result<Option<DomainView>, StoreError> {
        let data = self.data();
        let found = data.domains.iter().find(|(org, it)| *org == viewer.organization && it.id == id);
        Ok(found.map(|(_, it)| DomainView::from(it.clone())))
    }

    async fn joinable(
        &self,
        user: UserId,
        domain: &DomainName,
        address: &AddressDigest,
        page: &PageRequest<Unsorted>,
    ) -> Result<Page<JoinableOrganizationView>, StoreError> {
        let data = self.data();
        let mut open = data.open_to(domain);
        open.retain(|(id, _)| {
            let is_member = data.members.iter().any(|(org, it)| org == id && it.user_id == user);
            let is_kept_out = data.exclusions.contains(&(*id, user));
            let is_address_kept_out = data.excluded_addresses.contains(&(*id, address.clone()));
            !is_member && !is_kept_out && !is_address_kept_out
        });
        let view = |(id, role): (OrganizationId, OrganizationRole)| {
            let organization = data.organizations.iter().find(|it| it.id == id)?;
            Some(JoinableOrganizationView { id, name: organization.name.to_string(), role })
        };
        let views: Vec<_> = open.into_iter().filter_map(view).collect();
        let total = page.include_total.then_some(views.len() as u64);
        Ok(Page::cut(views, page.limit, total, |it| Position { values: Vec::new(), id: it.id.uuid() }))
    }
}

#[async_trait]
impl DomainArchive for MemoryStore {
    async fn due(&self, checked_before: Timestamp, limit: u64) -> Result<Vec<DueDomain>, StoreError> {
        let data = self.data();
        let due =
            data.domains.iter().filter(|(_, it)| it.verified_at.is_some() && it.checked_at < Some(checked_before));
        let due = due.map(|(organization, it)| DueDomain {
            organization: *organization,
            id: it.id,
            record_name: it.name.challenge(),
            record_value: it.proof(),
        });
        Ok(due.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}
