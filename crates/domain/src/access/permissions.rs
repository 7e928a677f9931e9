use std::fmt;

use super::Permission;

/// A set of permissions: what a role grants, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// Names that this version does not know grant nothing: a later release may have written them.
    pub fn restore(stored: &str) -> Self {
        stored.split(' ').filter_map(Permission::parse).collect()
    }

    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & bit(permission) != 0
    }

    /// Whether all of these are among them.
    pub const fn contain_all(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn with(self, permission: Permission) -> Self {
        Self(self.0 | bit(permission))
    }

    #[must_use]
    pub const fn union(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    #[must_use]
    pub const fn intersection(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// The permissions, each once, in the order of their definition.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }

    pub fn to_strings(self) -> Vec<String> {
        self.iter().map(|permission| permission.as_str().to_owned()).collect()
    }
}

const fn bit(permission: Permission) -> u64 {
    1 << (permission as u64)
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::default(), Self::with)
    }
}

/// The names, separated by spaces: what [`Permissions::restore`] reads.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_strings().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_and_read_in_one_order() {
        let set: Permissions =
            [Permission::EditTask, Permission::ViewProject, Permission::EditTask].into_iter().collect();
        assert_eq!(set.to_string(), "project.view task.edit");
        assert_eq!(Permissions::restore("task.edit rockets.launch project.view"), set);
        let all: Permissions = Permission::ALL.iter().copied().collect();
        assert_eq!(Permissions::restore(&all.to_string()), all);
        assert!(Permissions::restore("").is_empty() && all.contain_all(set) && !set.contain_all(all));
    }
}
