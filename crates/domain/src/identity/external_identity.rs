use super::{IdentityFact, Issuer, ProviderKey, UserState};
use crate::{DomainEvent, ExternalIdentityId, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId};

/// Who somebody is to their identity provider: never given to anybody else there (OpenID Connect Core 1.0, 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalSubject(String);

impl ExternalSubject {
    pub const MAX_CHARS: usize = 255;

    /// Up to 255 visible ASCII characters, as the standard has it.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARS).contains(&raw.len()) && raw.bytes().all(|byte| (0x20..0x7F).contains(&byte));
        fits.then(|| Self(raw.to_owned()))
    }

    /// From the store, which holds only what was parsed before.
    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The plain data of an external identity: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalIdentityState {
    pub id: ExternalIdentityId,
    pub user_id: UserId,
    pub provider: ProviderKey,
    pub issuer: Issuer,
    pub subject: ExternalSubject,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
}

/// Who a user is to an identity provider, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct ExternalIdentity {
    state: ExternalIdentityState,
    is_new: bool,
    events: Vec<DomainEvent>,
}

impl ExternalIdentity {
    /// Has the provider vouch for a user from now on.
    pub fn link(
        id: ExternalIdentityId,
        user: &UserState,
        provider: ProviderKey,
        issuer: Issuer,
        subject: ExternalSubject,
        now: Timestamp,
    ) -> Self {
        let change = FieldChange::of("identity_provider", None::<&str>, provider.to_string());
        let state = ExternalIdentityState {
            id,
            user_id: user.id,
            provider,
            issuer,
            subject,
            created_at: now,
            last_used_at: now,
        };
        let mut identity = Self { state, is_new: true, events: Vec::new() };
        identity.record(user, IdentityFact::IdentityLinked, change);
        identity
    }

    pub fn restore(state: ExternalIdentityState) -> Self {
        Self { state, is_new: false, events: Vec::new() }
    }

    pub fn state(&self) -> &ExternalIdentityState {
        &self.state
    }

    /// Whether it was never stored.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (ExternalIdentityState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Notes that its user came by it.
    pub fn note_use(&mut self, now: Timestamp) {
        self.state.last_used_at = now;
    }

    /// Records that it is given up; the store then deletes the row.
    pub fn unlink(&mut self, user: &UserState) {
        let change = FieldChange::of("identity_provider", self.state.provider.to_string(), None::<&str>);
        self.record(user, IdentityFact::IdentityUnlinked, change);
    }

    fn record(&mut self, user: &UserState, fact: IdentityFact, change: Option<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject { kind: ResourceKind::User, id: user.id.uuid(), name: user.display_name.to_string() },
            project: None,
            fact: Fact::Identity(fact),
            changes: change.into_iter().collect(),
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_subject_is_short_visible_ascii() {
        for good in ["1", "auth0|5f7c8ec7c33c6c004bbafe82", "a b", &"a".repeat(255)] {
            assert_eq!(ExternalSubject::parse(good).map(|it| it.as_str().to_owned()), Some(good.to_owned()));
        }
        for bad in ["", "é", "a\nb", "\u{7f}", &"a".repeat(256)] {
            assert_eq!(ExternalSubject::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = ExternalSubject::parse(&text);
        }
    }
}
