use super::{Email, GroupRoles, IdentityError, Issuer};
use crate::FieldChange;
use crate::access::OrganizationRole;
use crate::organizations::{DomainName, RoleChoice};
use crate::text::line_value;

line_value! {
    /// What people call an identity provider.
    ProviderName, 1..=100, IdentityError, IdentityError::ProviderNameLength, IdentityError::ProviderNameCharacters
}

line_value! {
    /// What an identity provider calls Tenon.
    ProviderClientId, 1..=255, IdentityError, IdentityError::ProviderClientId, IdentityError::ProviderClientId
}

line_value! {
    /// The claim of an ID token that names the groups of its subject.
    GroupsClaim, 1..=100, IdentityError, IdentityError::GroupsClaim, IdentityError::GroupsClaim
}

/// What Tenon asks an identity provider for, besides `openid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderScopes(Vec<String>);

impl ProviderScopes {
    pub const MOST: usize = 20;
    pub const MAX_CHARS: usize = 100;
    const OPENID: &'static str = "openid";

    /// Names as in RFC 6749, 3.3.
    pub fn parse<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<Self, IdentityError> {
        let is_name = |name: &str| {
            (1..=Self::MAX_CHARS).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
        };
        let mut scopes: Vec<String> = Vec::new();
        for name in names {
            let name = name.as_ref();
            if !is_name(name) {
                return Err(IdentityError::ProviderScopes);
            }
            if name != Self::OPENID && !scopes.iter().any(|known| known == name) {
                scopes.push(name.to_owned());
            }
        }
        if scopes.len() > Self::MOST { Err(IdentityError::ProviderScopes) } else { Ok(Self(scopes)) }
    }

    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// As they are asked for.
    pub fn asked(&self) -> String {
        self.0.iter().fold(Self::OPENID.to_owned(), |asked, scope| format!("{asked} {scope}"))
    }
}

/// An address and a name, which is what Tenon makes an account of.
impl Default for ProviderScopes {
    fn default() -> Self {
        Self(vec!["email".to_owned(), "profile".to_owned()])
    }
}

/// The domains whose addresses an identity provider may vouch for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderDomains(Vec<DomainName>);

impl ProviderDomains {
    pub const MOST: usize = 50;

    pub fn parse(names: impl IntoIterator<Item = DomainName>) -> Result<Self, IdentityError> {
        let mut domains: Vec<DomainName> = Vec::new();
        for name in names {
            if !domains.iter().any(|known| known.as_str() == name.as_str()) {
                domains.push(name);
            }
        }
        if domains.len() > Self::MOST { Err(IdentityError::ProviderDomains) } else { Ok(Self(domains)) }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn hold(&self, email: &Email) -> bool {
        let domain = DomainName::of(email);
        self.0.iter().any(|known| known.as_str() == domain.as_str())
    }

    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|domain| domain.as_str().to_owned()).collect()
    }
}

/// All about an identity provider but its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSettings {
    pub name: ProviderName,
    pub issuer: Issuer,
    pub client_id: ProviderClientId,
    pub scopes: ProviderScopes,
    pub domains: ProviderDomains,
    pub groups_claim: Option<GroupsClaim>,
    pub group_roles: GroupRoles,
    /// Of who is in none of the groups; nobody, when it is absent.
    pub default_role: Option<OrganizationRole>,
    /// Whether people get accounts, and become members, when they first come.
    pub provisioning: bool,
    pub enabled: bool,
}

impl ProviderSettings {
    /// The roles that the provider gives to a member of these groups, of which the strongest counts. Without any they are
    /// not let in.
    pub fn roles_for(&self, groups: &[String]) -> Vec<RoleChoice> {
        let given = self.group_roles.of(groups);
        if given.is_empty() { self.default_role.map(RoleChoice::from).into_iter().collect() } else { given }
    }

    /// What no part can know of the others.
    pub fn check(&self) -> Result<(), IdentityError> {
        if self.default_role == Some(OrganizationRole::Owner) {
            return Err(IdentityError::ProviderDefaultRole);
        }
        if !self.group_roles.is_empty() && self.groups_claim.is_none() {
            return Err(IdentityError::GroupsClaim);
        }
        Ok(())
    }

    /// How these differ from others, for the audit trail.
    pub(super) fn changes_from(&self, before: &Self) -> Vec<FieldChange> {
        let roles = |of: &Self| -> Vec<String> {
            of.group_roles.iter().map(|(group, role)| format!("{group}: {role}")).collect()
        };
        let role = |of: &Self| of.default_role.map(OrganizationRole::as_str);
        let claim = |of: &Self| of.groups_claim.as_ref().map(|claim| claim.as_str().to_owned());
        let changes = [
            FieldChange::of("name", before.name.as_str(), self.name.as_str()),
            FieldChange::of("issuer", before.issuer.as_str(), self.issuer.as_str()),
            FieldChange::of("client_id", before.client_id.as_str(), self.client_id.as_str()),
            FieldChange::of("scopes", before.scopes.0.clone(), self.scopes.0.clone()),
            FieldChange::of("domains", before.domains.to_strings(), self.domains.to_strings()),
            FieldChange::of("groups_claim", claim(before), claim(self)),
            FieldChange::of("group_roles", roles(before), roles(self)),
            FieldChange::of("default_role", role(before), role(self)),
            FieldChange::of("provisioning", before.provisioning, self.provisioning),
            FieldChange::of("enabled", before.enabled, self.enabled),
        ];
        changes.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scopes_are_asked_for_once_and_begin_with_openid() {
        let scopes = ProviderScopes::parse(["email", "openid", "groups", "email"]).unwrap();
        assert_eq!(scopes.asked(), "openid email groups");
        assert_eq!(ProviderScopes::parse([""; 0]).unwrap().asked(), "openid");
        for bad in ["", "two words", "\"", "a\\b", "é"] {
            assert_eq!(ProviderScopes::parse([bad]), Err(IdentityError::ProviderScopes), "{bad:?}");
        }
        let many: Vec<_> = (0..21).map(|n| format!("scope{n}")).collect();
        assert_eq!(ProviderScopes::parse(&many), Err(IdentityError::ProviderScopes));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in any::<String>()) {
            let _ = (ProviderScopes::parse([&text]), GroupsClaim::parse(&text));
        }
    }
}
