use std::collections::{BTreeMap, BTreeSet};

use super::IdentityError;
use crate::CustomRoleId;
use crate::access::OrganizationRole;
use crate::organizations::RoleChoice;

/// Which role the members of a group of the identity provider have here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRoles(BTreeMap<String, RoleChoice>);

impl GroupRoles {
    pub const MOST: usize = 200;
    pub const MAX_CHARS: usize = 255;

    /// Nobody becomes an owner by a group: whoever manages it elsewhere would own the organization.
    pub fn parse<R: Into<RoleChoice>>(pairs: impl IntoIterator<Item = (String, R)>) -> Result<Self, IdentityError> {
        let mut roles = BTreeMap::new();
        for (group, role) in pairs {
            let role: RoleChoice = role.into();
            if roles.insert(group, role).is_some_and(|other| other != role) {
                return Err(IdentityError::ContradictingGroupRoles);
            }
        }
        let fits = |group: &String| {
            let chars = group.chars().count();
            (1..=Self::MAX_CHARS).contains(&chars) && !group.chars().any(char::is_control)
        };
        if roles.len() > Self::MOST || !roles.keys().all(fits) {
            return Err(IdentityError::GroupRoles);
        }
        if roles.values().any(|role| role.system() == Some(OrganizationRole::Owner)) {
            return Err(IdentityError::ProviderRole);
        }
        Ok(Self(roles))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, RoleChoice)> {
        self.0.iter().map(|(group, role)| (group.as_str(), *role))
    }

    /// The custom roles among them, each once.
    pub fn custom(&self) -> Vec<CustomRoleId> {
        let ids: BTreeSet<_> = self.0.values().filter_map(|role| role.custom()).collect();
        ids.into_iter().collect()
    }

    /// The roles that these groups give.
    pub(super) fn of(&self, groups: &[String]) -> Vec<RoleChoice> {
        groups.iter().filter_map(|group| self.0.get(group).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_group_has_one_role() {
        let parse = |roles: &[OrganizationRole]| {
            GroupRoles::parse(roles.iter().map(|role| ("staff".to_owned(), *role))).map(|roles| roles.iter().count())
        };
        assert_eq!(parse(&[OrganizationRole::Guest, OrganizationRole::Guest]), Ok(1));
        let contradicting = parse(&[OrganizationRole::Guest, OrganizationRole::Admin]);
        assert_eq!(contradicting, Err(IdentityError::ContradictingGroupRoles));
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
    fn the_roles_of_all_groups_are_given() {
        let auditor = CustomRoleId::new(Uuid::from_u128(7));
        let roles = [
            ("admins", RoleChoice::System(OrganizationRole::Admin)),
            ("auditors", RoleChoice::Custom(auditor)),
            ("inspectors", RoleChoice::Custom(auditor)),
        ];
        let roles = GroupRoles::parse(roles.map(|(group, role)| (group.to_owned(), role))).unwrap();
        let of = |groups: &[&str]| roles.of(&groups.iter().map(|group| (*group).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["auditors", "others"]), [RoleChoice::Custom(auditor)]);
        assert_eq!(
            of(&["inspectors", "admins"]),
            [RoleChoice::Custom(auditor), RoleChoice::System(OrganizationRole::Admin)]
        );
        assert_eq!(of(&["others", "Admins"]), []);
        assert_eq!(roles.custom(), [auditor]);
    }
}
