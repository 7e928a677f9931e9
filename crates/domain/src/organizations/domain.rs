use super::{DomainName, OrganizationError, OrganizationFact};
use crate::access::OrganizationRole;
use crate::text::named_enum;
use crate::{DomainEvent, DomainId, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId, Version};

named_enum! {
    /// Whether a domain is known to be its organization's own.
    DomainStatus {
        Pending => "pending",
        Verified => "verified",
    }
}

/// The plain data of a claimed domain: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationDomainState {
    pub id: DomainId,
    pub name: DomainName,
    /// What the record has to say, so that nobody else could have made it.
    pub token: String,
    /// Since when it is known to be the organization's own.
    pub verified_at: Option<Timestamp>,
    /// The role that everybody with an address there may join with.
    pub auto_join_role: Option<OrganizationRole>,
    /// When the record was looked for last.
    pub checked_at: Option<Timestamp>,
    /// How often in a row it was not there.
    pub misses: u32,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl OrganizationDomainState {
    /// What the TXT record at [`DomainName::challenge`] has to say.
    pub fn proof(&self) -> String {
        format!("tenon-verification={}", self.token)
    }

    /// The role that who has an address there may join with now.
    pub fn open_with(&self) -> Option<OrganizationRole> {
        self.auto_join_role.filter(|_| self.verified_at.is_some())
    }
}

/// A domain that an organization has claimed, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct OrganizationDomain {
    state: OrganizationDomainState,
    events: Vec<DomainEvent>,
}

impl OrganizationDomain {
    /// How many an organization may claim.
    pub const MOST: u64 = 50;
    /// So many looks in vain, one a day, take the proof back: a name server may be badly set up for a day.
    pub const MOST_MISSES: u32 = 3;

    /// `token` is random; `claimed` is how many domains the organization has already.
    pub fn claim(
        id: DomainId,
        name: DomainName,
        token: String,
        claimed: u64,
        now: Timestamp,
    ) -> Result<Self, OrganizationError> {
        if name.is_public() {
            return Err(OrganizationError::PublicDomain);
        }
        if claimed >= Self::MOST {
            return Err(OrganizationError::TooManyDomains);
        }
        let state = OrganizationDomainState {
            id,
            name,
            token,
            verified_at: None,
            auto_join_role: None,
            checked_at: None,
            misses: 0,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let mut domain = Self { state, events: Vec::new() };
        domain.record(OrganizationFact::DomainClaimed, Vec::new());
        Ok(domain)
    }

    pub fn restore(state: OrganizationDomainState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &OrganizationDomainState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (OrganizationDomainState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Notes that the record is there. That is news only the first time.
    pub fn verify(&mut self, now: Timestamp) {
        self.state.checked_at = Some(now);
        self.state.misses = 0;
        if self.state.verified_at.is_none() {
            self.state.verified_at = Some(now);
            self.state.updated_at = now;
            let change = FieldChange::of("verified_at", None::<Timestamp>, now);
            self.record(OrganizationFact::DomainVerified, change.into_iter().collect());
        }
    }

    /// Notes that nobody could tell whether the record is there.
    pub fn note_silence(&mut self, now: Timestamp) {
        self.state.checked_at = Some(now);
    }

    /// Notes that the record is not there any more. Once too often, the domain has to be verified again, and lets nobody
    /// in.
    pub fn miss(&mut self, owners: Vec<UserId>, now: Timestamp) {
        self.state.checked_at = Some(now);
        if self.state.verified_at.is_none() {
            return;
        }
        self.state.misses += 1;
        if self.state.misses < Self::MOST_MISSES {
            return;
        }
        let role = self.state.auto_join_role.map(OrganizationRole::as_str);
        let changes = [
            FieldChange::of("verified_at", self.state.verified_at, None::<Timestamp>),
            FieldChange::of("auto_join_role", role, None::<&str>),
        ];
        (self.state.verified_at, self.state.auto_join_role, self.state.misses) = (None, None, 0);
        self.state.updated_at = now;
        self.record(OrganizationFact::DomainLapsed { owners }, changes.into_iter().flatten().collect());
    }

    /// Lets everybody join who has an address there, or no longer does. Nothing is recorded when nothing changes.
    pub fn open(&mut self, role: Option<OrganizationRole>, now: Timestamp) -> Result<(), OrganizationError> {
        if !matches!(role, None | Some(OrganizationRole::Member | OrganizationRole::Guest)) {
            return Err(OrganizationError::AutoJoinRole);
        }
        if role.is_some() && self.state.verified_at.is_none() {
            return Err(OrganizationError::DomainNotVerified);
        }
        let name = |role: Option<OrganizationRole>| role.map(OrganizationRole::as_str);
        if let Some(change) = FieldChange::of("auto_join_role", name(self.state.auto_join_role), name(role)) {
            self.state.auto_join_role = role;
            self.state.updated_at = now;
            self.record(OrganizationFact::DomainUpdated, vec![change]);
        }
        Ok(())
    }

    /// Records the removal; the store then deletes the row.
    pub fn remove(&mut self) {
        self.record(OrganizationFact::DomainRemoved, Vec::new());
    }

    fn record(&mut self, fact: OrganizationFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Domain,
                id: self.state.id.uuid(),
                name: self.state.name.to_string(),
            },
            project: None,
            fact: Fact::Organization(fact),
            changes,
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};
    use uuid::Uuid;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn claim(name: &str, claimed: u64) -> Result<OrganizationDomain, OrganizationError> {
        let name = DomainName::parse(name).unwrap();
        OrganizationDomain::claim(DomainId::new(Uuid::from_u128(7)), name, "token".to_owned(), claimed, at(0))
    }

    fn told(domain: OrganizationDomain) -> Vec<&'static str> {
        domain.into_parts().1.iter().map(DomainEvent::name).collect()
    }

    const MEMBER: Option<OrganizationRole> = Some(OrganizationRole::Member);

    #[test]
    fn a_domain_is_claimed_until_there_are_too_many_and_never_a_public_one() {
        let domain = claim("example.com", OrganizationDomain::MOST - 1).unwrap();
        assert_eq!(domain.state().proof(), "tenon-verification=token");
        assert_eq!((domain.state().verified_at, domain.state().open_with()), (None, None));
        assert_eq!(told(domain), ["organization.domain_claimed"]);
        assert_eq!(claim("gmail.com", 0).err(), Some(OrganizationError::PublicDomain));
        assert_eq!(claim("example.com", OrganizationDomain::MOST).err(), Some(OrganizationError::TooManyDomains));
    }

    #[test]
    fn verifying_it_again_is_no_news() {
        let mut domain = OrganizationDomain::restore(claim("example.com", 0).unwrap().state().clone());
        domain.verify(at(1));
        domain.verify(at(2));
        let state = domain.state();
        assert_eq!((state.verified_at, state.checked_at, state.updated_at), (Some(at(1)), Some(at(2)), at(1)));
        assert_eq!(told(domain), ["organization.domain_verified"]);
    }

    #[test]
    fn only_a_verified_domain_is_opened_and_only_for_members_and_guests() {
        let mut domain = claim("example.com", 0).unwrap();
        assert_eq!(domain.open(MEMBER, at(1)), Err(OrganizationError::DomainNotVerified));
        assert_eq!(domain.open(None, at(1)), Ok(()), "it is closed as it is");
        domain.verify(at(2));
        for role in [OrganizationRole::Owner, OrganizationRole::Admin] {
            assert_eq!(domain.open(Some(role), at(3)), Err(OrganizationError::AutoJoinRole));
        }
        domain.open(MEMBER, at(3)).unwrap();
        domain.open(MEMBER, at(4)).unwrap();
        assert_eq!((domain.state().open_with(), domain.state().updated_at), (MEMBER, at(3)));
        let names = ["claimed", "verified", "updated"].map(|what| format!("organization.domain_{what}"));
        assert_eq!(told(domain), names);
    }

    #[test]
    fn three_misses_in_a_row_take_the_proof_back() {
        let mut domain = OrganizationDomain::restore(claim("example.com", 0).unwrap().state().clone());
        domain.verify(at(0));
        domain.open(MEMBER, at(0)).unwrap();
        let owners = vec![UserId::new(Uuid::from_u128(1))];
        domain.miss(owners.clone(), at(1));
        domain.miss(owners.clone(), at(2));
        domain.note_silence(at(3));
        assert_eq!(
            (domain.state().misses, domain.state().open_with()),
            (2, MEMBER),
            "who does not answer says nothing"
        );
        domain.verify(at(4));
        for day in 5..7 {
            domain.miss(owners.clone(), at(day));
            assert!(domain.state().verified_at.is_some());
        }
        domain.miss(owners.clone(), at(7));
        let state = domain.state().clone();
        assert_eq!((state.verified_at, state.auto_join_role, state.misses), (None, None, 0));
        let last = domain.into_parts().1.pop().unwrap();
        assert_eq!(last.fact, Fact::Organization(OrganizationFact::DomainLapsed { owners: owners.clone() }));
        assert_eq!(last.changes.len(), 2);

        let mut again = OrganizationDomain::restore(state);
        again.miss(owners, at(8));
        assert_eq!((again.state().misses, told(again).len()), (0, 0), "what is pending has nothing to lose");
    }
}
