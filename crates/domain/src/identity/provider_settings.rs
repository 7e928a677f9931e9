use std::collections::BTreeMap;
use std::fmt;

use super::{Email, IdentityError};
use crate::FieldChange;
use crate::access::OrganizationRole;
use crate::organizations::DomainName;
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

/// The URL that an identity provider is known by (OpenID Connect Discovery 1.0, 2): `https`, without query, fragment
/// and user. On this machine, for a try, it may be `http`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Issuer(String);

impl Issuer {
    pub const MAX_CHARS: usize = 255;
    const LOOPBACK: [&'static str; 3] = ["127.0.0.1", "localhost", "[::1]"];

    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        let is_plain = raw.len() <= Self::MAX_CHARS
            && raw.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\' | b'"'));
        let (is_local, rest) = match (raw.strip_prefix("https://"), raw.strip_prefix("http://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(IdentityError::IssuerUrl),
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let is_allowed = !host.is_empty() && (!is_local || Self::LOOPBACK.contains(&host));
        if is_plain && is_allowed { Ok(Self(raw.to_owned())) } else { Err(IdentityError::IssuerUrl) }
    }

    /// From the store, which holds only what was parsed before.
    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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

/// Which role the members of a group of the identity provider have here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRoles(BTreeMap<String, OrganizationRole>);

impl GroupRoles {
    pub const MOST: usize = 200;
    pub const MAX_CHARS: usize = 255;

    /// Nobody becomes an owner by a group: whoever manages it elsewhere would own the organization.
    pub fn parse(pairs: impl IntoIterator<Item = (String, OrganizationRole)>) -> Result<Self, IdentityError> {
        let roles: BTreeMap<_, _> = pairs.into_iter().collect();
        let fits = |group: &String| {
            let chars = group.chars().count();
            (1..=Self::MAX_CHARS).contains(&chars) && !group.chars().any(char::is_control)
        };
        if roles.len() > Self::MOST || !roles.keys().all(fits) {
            return Err(IdentityError::GroupRoles);
        }
        if roles.values().any(|role| *role == OrganizationRole::Owner) {
            return Err(IdentityError::ProviderRole);
        }
        Ok(Self(roles))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, OrganizationRole)> {
        self.0.iter().map(|(group, role)| (group.as_str(), *role))
    }

    /// The highest of the roles that these groups give.
    fn highest(&self, groups: &[String]) -> Option<OrganizationRole> {
        let roles = groups.iter().filter_map(|group| self.0.get(group).copied());
        // In the order of their definition, the highest comes first.
        roles.min()
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
    /// Which role the provider gives to a member of these groups. `None` lets them not in.
    pub fn role_for(&self, groups: &[String]) -> Option<OrganizationRole> {
        self.group_roles.highest(groups).or(self.default_role)
    }

    /// What no part can know of the others.
    pub fn check(&self) -> Result<(), IdentityError> {
        if self.default_role == Some(OrganizationRole::Owner) {
            return Err(IdentityError::ProviderRole);
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
    fn an_issuer_is_a_plain_https_url() {
        for good in [
            "https://accounts.example.com",
            "https://login.example.com/tenant/v2.0/",
            "https://example.com:8443/a",
            "http://127.0.0.1:4000",
            "http://localhost",
            "http://[::1]:4000/x",
        ] {
            assert_eq!(Issuer::parse(good).map(|issuer| issuer.to_string()), Ok(good.to_owned()));
        }
        let long = format!("https://example.com/{}", "a".repeat(250));
        for bad in [
            "",
            "example.com",
            "https://",
            "https:///path",
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://ada:secret@example.com",
            "https://example.com?tenant=1",
            "https://example.com#top",
            "https://exa mple.com",
            "https://example.com/é",
            "ftp://example.com",
            &long,
        ] {
            assert_eq!(Issuer::parse(bad), Err(IdentityError::IssuerUrl), "{bad}");
        }
    }

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

    #[test]
    fn nobody_becomes_an_owner_by_a_group() {
        let owners = [("bosses".to_owned(), OrganizationRole::Owner)];
        assert_eq!(GroupRoles::parse(owners), Err(IdentityError::ProviderRole));
        for bad in ["", "a\nb"] {
            let pair = [(bad.to_owned(), OrganizationRole::Guest)];
            assert_eq!(GroupRoles::parse(pair), Err(IdentityError::GroupRoles), "{bad:?}");
        }
    }

    #[test]
    fn the_highest_role_of_all_groups_counts() {
        let roles = [("admins", OrganizationRole::Admin), ("staff", OrganizationRole::Member)];
        let roles = GroupRoles::parse(roles.map(|(group, role)| (group.to_owned(), role))).unwrap();
        let highest =
            |groups: &[&str]| roles.highest(&groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>());
        assert_eq!(highest(&["staff", "admins", "others"]), Some(OrganizationRole::Admin));
        assert_eq!(highest(&["staff"]), Some(OrganizationRole::Member));
        assert_eq!(highest(&["others", "Admins"]), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parsers_panic(text in any::<String>(), near in "https?://[a-z:/@\\[\\]0-9é.]{0,40}") {
            for text in [text, near] {
                let _ = (Issuer::parse(&text), ProviderScopes::parse([&text]), GroupsClaim::parse(&text));
            }
        }
    }
}
