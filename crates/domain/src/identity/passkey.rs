use super::{IdentityError, IdentityFact, TokenHash};
use crate::text::line_value;
use crate::{DomainEvent, Fact, FieldChange, PasskeyId, ResourceKind, Subject, Timestamp, UserId, Version};

line_value! {
    /// What its owner calls a passkey, to know it again.
    PasskeyName, 1..=100, IdentityError, IdentityError::PasskeyNameLength, IdentityError::PasskeyNameCharacters
}

/// The plain data of a passkey: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyState {
    pub id: PasskeyId,
    pub user_id: UserId,
    /// The digest of what authenticators call it: no two passkeys share one, whoever they belong to.
    pub credential_digest: TokenHash,
    pub name: PasskeyName,
    /// The public key, the signature counter and what else is needed to verify signatures, as the verifier wrote it.
    pub credential: String,
    /// Its owner has it on more than one device, or could.
    pub synced: bool,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub version: Version,
}

/// What a new passkey is made of.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    pub id: PasskeyId,
    pub user_id: UserId,
    pub credential_digest: TokenHash,
    pub name: PasskeyName,
    pub credential: String,
    pub synced: bool,
}

/// A key pair of a user's (WebAuthn), of which Tenon has the public half, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct Passkey {
    state: PasskeyState,
    events: Vec<DomainEvent>,
}

impl Passkey {
    /// So many can a user have.
    pub const MAX_PER_USER: u64 = 20;

    /// Adds one to so many that its owner has.
    pub fn add(new: NewPasskey, present: u64, now: Timestamp) -> Result<Self, IdentityError> {
        Self::check_room(present)?;
        let state = PasskeyState {
            id: new.id,
            user_id: new.user_id,
            credential_digest: new.credential_digest,
            name: new.name,
            credential: new.credential,
            synced: new.synced,
            created_at: now,
            last_used_at: None,
            version: 0,
        };
        let mut passkey = Self { state, events: Vec::new() };
        passkey.record(IdentityFact::PasskeyAdded, Vec::new());
        Ok(passkey)
    }

    /// Whether who has so many may have one more.
    pub fn check_room(present: u64) -> Result<(), IdentityError> {
        if present < Self::MAX_PER_USER { Ok(()) } else { Err(IdentityError::TooManyPasskeys) }
    }

    pub fn restore(state: PasskeyState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &PasskeyState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (PasskeyState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Nothing is recorded when nothing changes.
    pub fn rename(&mut self, name: PasskeyName) {
        if let Some(change) = FieldChange::of("name", self.state.name.as_str(), name.as_str()) {
            self.state.name = name;
            self.record(IdentityFact::PasskeyRenamed, vec![change]);
        }
    }

    /// Notes that its owner showed it, and what the verifier knows of it since.
    pub fn note_use(&mut self, credential: String, synced: bool, now: Timestamp) {
        self.state.credential = credential;
        self.state.synced = synced;
        self.state.last_used_at = Some(now);
        self.record(IdentityFact::PasskeyUsed, Vec::new());
    }

    /// Records that its signature counter went back, as that of a copy does. The passkey stays as it is.
    pub fn note_reused_counter(&mut self) {
        self.record(IdentityFact::PasskeyCounterReused, Vec::new());
    }

    /// Records that it is gone; the store then deletes it.
    pub fn remove(&mut self) {
        self.record(IdentityFact::PasskeyRemoved, Vec::new());
    }

    fn record(&mut self, fact: IdentityFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::Passkey,
                id: self.state.id.uuid(),
                name: self.state.name.to_string(),
            },
            project: None,
            fact: Fact::Identity(fact),
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

    fn new(name: &str) -> NewPasskey {
        NewPasskey {
            id: PasskeyId::new(Uuid::from_u128(1)),
            user_id: UserId::new(Uuid::from_u128(2)),
            credential_digest: TokenHash::new("digest".to_owned()),
            name: PasskeyName::parse(name).unwrap(),
            credential: "as registered".to_owned(),
            synced: false,
        }
    }

    fn names(passkey: Passkey) -> Vec<&'static str> {
        passkey.into_parts().1.iter().map(DomainEvent::name).collect()
    }

    #[test]
    fn a_user_has_twenty_at_most() {
        for present in [0, Passkey::MAX_PER_USER - 1] {
            let passkey = Passkey::add(new("Phone"), present, at(0)).unwrap();
            assert_eq!((passkey.state().created_at, passkey.state().last_used_at), (at(0), None));
            assert_eq!(names(passkey), ["auth.passkey_added"]);
        }
        for present in [Passkey::MAX_PER_USER, u64::MAX] {
            assert_eq!(Passkey::add(new("Phone"), present, at(0)).unwrap_err(), IdentityError::TooManyPasskeys);
        }
    }

    #[test]
    fn using_one_keeps_what_its_authenticator_told() {
        let mut passkey = Passkey::restore(Passkey::add(new("Phone"), 0, at(0)).unwrap().into_parts().0);
        passkey.note_use("as used".to_owned(), true, at(5));
        let state = passkey.state();
        assert_eq!((state.credential.as_str(), state.synced, state.last_used_at), ("as used", true, Some(at(5))));
        let before = state.clone();
        passkey.note_reused_counter();
        assert_eq!(*passkey.state(), before, "a copy changes nothing");
        let (_, events) = passkey.into_parts();
        assert_eq!(
            events.iter().map(DomainEvent::name).collect::<Vec<_>>(),
            ["auth.passkey_used", "auth.passkey_counter_reused"]
        );
        assert_eq!((events[0].subject.kind, events[0].subject.name.as_str()), (ResourceKind::Passkey, "Phone"));
    }

    #[test]
    fn only_another_name_is_a_change() {
        let mut passkey = Passkey::restore(Passkey::add(new("Phone"), 0, at(0)).unwrap().into_parts().0);
        passkey.rename(PasskeyName::parse(" Phone ").unwrap());
        assert_eq!(names(passkey.clone()), [""; 0]);
        passkey.rename(PasskeyName::parse("Old phone").unwrap());
        assert_eq!(passkey.state().name.as_str(), "Old phone");
        passkey.remove();
        assert_eq!(names(passkey), ["auth.passkey_renamed", "auth.passkey_removed"]);
    }
}
