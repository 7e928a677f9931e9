use std::fmt;

use crate::text::named_enum;

named_enum! {
    /// What a personal access token may be good for. Writing includes reading the same thing. A scope only narrows what
    /// the owner of the token may do.
    Scope {
        TasksRead => "tasks:read",
        TasksWrite => "tasks:write",
        ProjectsRead => "projects:read",
        ProjectsWrite => "projects:write",
        OrganizationRead => "organization:read",
        OrganizationWrite => "organization:write",
        /// Members, and the invitations and service accounts by which they come in.
        MembersRead => "members:read",
        MembersWrite => "members:write",
        NotificationsRead => "notifications:read",
        NotificationsWrite => "notifications:write",
        ProfileRead => "profile:read",
        ProfileWrite => "profile:write",
        /// Read the audit trail.
        AdminAudit => "admin:audit",
    }
}

impl Scope {
    /// The scope that includes this one, where there is one.
    pub const fn included_in(self) -> Option<Self> {
        match self {
            Self::TasksRead => Some(Self::TasksWrite),
            Self::ProjectsRead => Some(Self::ProjectsWrite),
            Self::OrganizationRead => Some(Self::OrganizationWrite),
            Self::MembersRead => Some(Self::MembersWrite),
            Self::NotificationsRead => Some(Self::NotificationsWrite),
            Self::ProfileRead => Some(Self::ProfileWrite),
            Self::TasksWrite
            | Self::ProjectsWrite
            | Self::OrganizationWrite
            | Self::MembersWrite
            | Self::NotificationsWrite
            | Self::ProfileWrite
            | Self::AdminAudit => None,
        }
    }

    const fn bit(self) -> u32 {
        1 << (self as u32)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u32);

impl Scopes {
    /// Names that this version does not know grant nothing: a later release may have written them.
    pub fn restore(stored: &str) -> Self {
        stored.split(' ').filter_map(Scope::parse).collect()
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether one of the scopes is this one, or includes it.
    pub const fn allow(self, needed: Scope) -> bool {
        self.holds(needed)
            || match needed.included_in() {
                Some(wider) => self.holds(wider),
                None => false,
            }
    }

    const fn holds(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes, each once, in the order of their definition.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.holds(*scope))
    }

    pub fn to_strings(self) -> Vec<String> {
        self.iter().map(|scope| scope.as_str().to_owned()).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// The names, separated by spaces, as in RFC 6749: what [`Scopes::restore`] reads.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_strings().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_allows_itself_and_what_it_includes_and_nothing_else() {
        for &held in Scope::ALL {
            let scopes: Scopes = [held].into_iter().collect();
            for &needed in Scope::ALL {
                let expected = needed == held || needed.included_in() == Some(held);
                assert_eq!(scopes.allow(needed), expected, "{held} for {needed}");
            }
        }
    }

    #[test]
    fn writing_includes_reading_the_same_thing() {
        for &scope in Scope::ALL {
            let (resource, verb) = scope.as_str().split_once(':').unwrap();
            let wider = Scope::parse(&format!("{resource}:write")).filter(|_| verb == "read");
            assert_eq!(scope.included_in(), wider, "{scope}");
        }
    }

    #[test]
    fn a_set_is_written_and_read_in_one_order() {
        let scopes: Scopes = [Scope::AdminAudit, Scope::TasksRead, Scope::TasksRead].into_iter().collect();
        assert_eq!(scopes.to_string(), "tasks:read admin:audit");
        assert_eq!(Scopes::restore("tasks:read admin:audit"), scopes);
        assert_eq!(Scopes::restore("admin:audit rockets:launch tasks:read"), scopes);
        let all: Scopes = Scope::ALL.iter().copied().collect();
        assert_eq!(Scopes::restore(&all.to_string()), all);
        assert!(Scopes::restore("").is_empty() && !all.is_empty());
        assert_eq!(Scopes::default().to_string(), "");
    }
}
