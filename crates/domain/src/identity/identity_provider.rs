use uuid::Uuid;

use super::{IdentityError, IdentityFact, ProviderSettings, SealedSecret};
use crate::{DomainEvent, Fact, FieldChange, IdentityProviderId, ResourceKind, Subject, Timestamp, Version};

/// Which identity provider vouches for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKey {
    /// One of the deployment's, by the key that its configuration gives it.
    Deployment(String),
    /// One of an organization's.
    Organization(IdentityProviderId),
}

impl ProviderKey {
    pub const MAX_CHARS: usize = 40;

    /// An id, or up to 40 small letters, digits and hyphens.
    pub fn parse(raw: &str) -> Option<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !(1..=Self::MAX_CHARS).contains(&raw.len()) || !raw.chars().all(fits) {
            return None;
        }
        match Uuid::try_parse(raw) {
            Ok(id) if id.to_string() == raw => Some(Self::Organization(id.into())),
            // Another spelling of an id is nobody's.
            Ok(_) => None,
            Err(_) => Some(Self::Deployment(raw.to_owned())),
        }
    }

    pub fn id(&self) -> Option<IdentityProviderId> {
        match self {
            Self::Deployment(_) => None,
            Self::Organization(id) => Some(*id),
        }
    }
}

impl std::fmt::Display for ProviderKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deployment(key) => f.write_str(key),
            Self::Organization(id) => id.fmt(f),
        }
    }
}

/// The plain data of an organization's identity provider: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProviderState {
    pub id: IdentityProviderId,
    pub settings: ProviderSettings,
    /// What Tenon shows the provider who it is with. A public client has none.
    pub client_secret: Option<SealedSecret>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A server of an organization's that knows who its people are, and the events its methods recorded.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    state: IdentityProviderState,
    events: Vec<DomainEvent>,
}

impl IdentityProvider {
    /// How many an organization has at most.
    pub const MOST: u64 = 10;
    pub const MAX_SECRET_CHARS: usize = 1000;

    /// `others` is how many the organization has already.
    pub fn create(
        id: IdentityProviderId,
        settings: ProviderSettings,
        client_secret: Option<SealedSecret>,
        others: u64,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        settings.check()?;
        if others >= Self::MOST {
            return Err(IdentityError::TooManyProviders);
        }
        let state = IdentityProviderState { id, settings, client_secret, version: 0, created_at: now, updated_at: now };
        let mut provider = Self { state, events: Vec::new() };
        provider.record(IdentityFact::IdentityProviderCreated, Vec::new());
        Ok(provider)
    }

    pub fn restore(state: IdentityProviderState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &IdentityProviderState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (IdentityProviderState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Takes other settings. `client_secret` is `Some` when it is replaced, by nothing perhaps. Nothing is recorded when
    /// nothing changes.
    pub fn edit(
        &mut self,
        settings: ProviderSettings,
        client_secret: Option<Option<SealedSecret>>,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        settings.check()?;
        // Whoever may not read the secret must not have it sent to a server of their own.
        let moves = settings.issuer != self.state.settings.issuer;
        if moves && client_secret.is_none() && self.state.client_secret.is_some() {
            return Err(IdentityError::SecretOfAnotherIssuer);
        }
        let mut changes = settings.changes_from(&self.state.settings);
        if let Some(secret) = client_secret {
            // That there is another one is all that may be told.
            let told = |secret: &Option<SealedSecret>| secret.as_ref().map(|_| "…");
            let change = FieldChange {
                field: "client_secret",
                from: told(&self.state.client_secret).into(),
                to: told(&secret).into(),
            };
            if self.state.client_secret.is_some() || secret.is_some() {
                changes.push(change);
            }
            self.state.client_secret = secret;
        }
        if !changes.is_empty() {
            self.state.settings = settings;
            self.state.updated_at = now;
            self.record(IdentityFact::IdentityProviderUpdated, changes);
        }
        Ok(())
    }

    /// Records the removal; the store then deletes the row, and with it whom it vouched for.
    pub fn remove(&mut self) {
        self.record(IdentityFact::IdentityProviderDeleted, Vec::new());
    }

    fn record(&mut self, fact: IdentityFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::IdentityProvider,
                id: self.state.id.uuid(),
                name: self.state.settings.name.to_string(),
            },
            project: None,
            fact: Fact::Identity(fact),
            changes,
        });
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::access::OrganizationRole;
    use crate::identity::{
        GroupRoles, GroupsClaim, Issuer, ProviderClientId, ProviderDomains, ProviderName, ProviderScopes,
    };

    fn settings() -> ProviderSettings {
        ProviderSettings {
            name: ProviderName::parse("Staff").unwrap(),
            issuer: Issuer::parse("https://idp.example.com").unwrap(),
            client_id: ProviderClientId::parse("tenon").unwrap(),
            scopes: ProviderScopes::default(),
            domains: ProviderDomains::default(),
            groups_claim: None,
            group_roles: GroupRoles::default(),
            default_role: Some(OrganizationRole::Member),
            provisioning: true,
            enabled: true,
        }
    }

    fn provider() -> IdentityProvider {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap();
        IdentityProvider::create(Uuid::from_u128(1).into(), settings(), None, 9, now).unwrap()
    }

    fn sealed(text: &str) -> SealedSecret {
        SealedSecret { key_id: "a".to_owned(), ciphertext: text.to_owned() }
    }

    #[test]
    fn what_changed_is_told_but_for_the_secret() {
        let (mut provider, now) =
            (IdentityProvider::restore(provider().into_parts().0), Utc.timestamp_opt(0, 0).unwrap());
        provider.edit(settings(), None, now).unwrap();
        assert!(provider.events.is_empty(), "nothing has changed");
        let changed = ProviderSettings { enabled: false, ..settings() };
        provider.edit(changed, Some(Some(sealed("hunter2"))), now).unwrap();
        let [event] = &provider.events[..] else { panic!("one event: {:?}", provider.events) };
        assert_eq!(event.name(), "identity_provider.updated");
        let fields: Vec<_> = event.changes.iter().map(|change| change.field).collect();
        assert_eq!(fields, ["enabled", "client_secret"]);
        assert!(!format!("{event:?}").contains("hunter2"), "{event:?}");
    }

    #[test]
    fn a_secret_is_not_shown_to_another_issuer() {
        let now = Utc.timestamp_opt(0, 0).unwrap();
        let mut provider = provider();
        let elsewhere = ProviderSettings { issuer: Issuer::parse("https://evil.example.com").unwrap(), ..settings() };
        assert_eq!(provider.edit(settings(), Some(Some(sealed("secret"))), now), Ok(()));
        assert_eq!(provider.edit(elsewhere.clone(), None, now), Err(IdentityError::SecretOfAnotherIssuer));
        assert_eq!(provider.edit(elsewhere, Some(None), now), Ok(()));
        assert_eq!(provider.state().client_secret, None);
    }

    #[test]
    fn an_organization_has_ten_at_most_and_groups_need_a_claim() {
        let now = Utc.timestamp_opt(0, 0).unwrap();
        let create = |settings, others| {
            IdentityProvider::create(Uuid::from_u128(2).into(), settings, None, others, now).map(|_| ())
        };
        assert_eq!(create(settings(), 10), Err(IdentityError::TooManyProviders));
        let roles = GroupRoles::parse([("staff".to_owned(), OrganizationRole::Guest)]).unwrap();
        let without_claim = ProviderSettings { group_roles: roles, ..settings() };
        assert_eq!(create(without_claim.clone(), 0), Err(IdentityError::GroupsClaim));
        let claim = GroupsClaim::parse("groups").ok();
        assert_eq!(create(ProviderSettings { groups_claim: claim, ..without_claim }, 0), Ok(()));
        let owner = ProviderSettings { default_role: Some(OrganizationRole::Owner), ..settings() };
        assert_eq!(create(owner, 0), Err(IdentityError::ProviderDefaultRole));
    }

    #[test]
    fn a_key_is_an_id_or_a_word() {
        let id = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66";
        assert!(matches!(ProviderKey::parse(id), Some(ProviderKey::Organization(found)) if found.to_string() == id));
        assert_eq!(ProviderKey::parse("corp-1"), Some(ProviderKey::Deployment("corp-1".to_owned())));
        for bad in ["", "Corp", "a b", "../x", "0199f8a26c1e7d3a9b542f0c8e1d7a66", &"a".repeat(41)] {
            assert_eq!(ProviderKey::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(text in any::<String>(), near in "[0-9a-f-]{0,41}") {
            for text in [text, near] {
                if let Some(key) = ProviderKey::parse(&text) {
                    prop_assert_eq!(key.to_string(), text);
                }
            }
        }
    }
}
