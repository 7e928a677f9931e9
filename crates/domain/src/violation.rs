//! A rule that was broken: the one shape in which the domain says no.

use crate::identity::IdentityError;
use crate::organizations::OrganizationError;
use crate::projects::ProjectError;
use crate::tasks::TaskError;

/// How a broken rule is to be understood by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViolationKind {
    /// The input breaks a rule whatever the state of the system.
    Rule,
    /// The input is fine, but the present state does not allow it.
    Conflict,
}

/// A broken rule of any context. `code` is stable and documented; the display text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error(transparent)]
    Task(#[from] TaskError),
}

impl Violation {
    /// Every rule there is, context by context.
    pub fn all() -> impl Iterator<Item = Self> {
        let identity = IdentityError::ALL.iter().cloned().map(Self::from);
        let organizations = OrganizationError::ALL.iter().cloned().map(Self::from);
        let projects = ProjectError::ALL.iter().cloned().map(Self::from);
        let tasks = TaskError::ALL.iter().cloned().map(Self::from);
        identity.chain(organizations).chain(projects).chain(tasks)
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::Identity(error) => error.code(),
            Self::Organization(error) => error.code(),
            Self::Project(error) => error.code(),
            Self::Task(error) => error.code(),
        }
    }

    pub fn kind(&self) -> ViolationKind {
        match self {
            Self::Identity(error) => error.kind(),
            Self::Organization(error) => error.kind(),
            Self::Project(error) => error.kind(),
            Self::Task(error) => error.kind(),
        }
    }

    /// The input field at fault, where there is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Identity(error) => error.field(),
            Self::Organization(error) => error.field(),
            Self::Project(error) => error.field(),
            Self::Task(error) => error.field(),
        }
    }
}

/// Defines a context's error enum: for each variant its code, kind, field and text.
macro_rules! context_error {
    ($(#[$doc:meta])* $name:ident { $($variant:ident => $code:literal, $kind:ident, $field:expr, $text:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum $name { $(#[error($text)] $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn code(&self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            pub fn kind(&self) -> $crate::ViolationKind {
                match self { $(Self::$variant => $crate::ViolationKind::$kind),+ }
            }

            pub fn field(&self) -> Option<&'static str> {
                match self { $(Self::$variant => $field),+ }
            }
        }
    };
}
pub(crate) use context_error;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_rules_share_a_code() {
        let mut seen = HashSet::new();
        for violation in Violation::all() {
            assert!(seen.insert(violation.code()), "{} is used twice", violation.code());
        }
    }

    #[test]
    fn codes_name_the_context_and_the_rule() {
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase())
                && !part.ends_with('_')
                && part.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        for violation in Violation::all() {
            let code = violation.code();
            let (context, rule) = code.split_once('.').unwrap();
            assert!(is_name(context) && is_name(rule), "{code}");
            let contexts: &[&str] = match &violation {
                Violation::Identity(_) => &["identity"],
                Violation::Organization(_) => {
                    &["organization", "invitation", "role", "team", "member", "domain", "service_account"]
                }
                Violation::Project(_) => &["project"],
                Violation::Task(_) => &["task"],
            };
            assert!(contexts.contains(&context), "{code} belongs to another context");
        }
    }

    #[test]
    fn every_rule_says_what_to_do_and_names_a_field_of_the_api() {
        for violation in Violation::all() {
            let (code, text) = (violation.code(), violation.to_string());
            assert!(text.split_whitespace().count() >= 4, "{code}: {text:?}");
            assert!(!text.ends_with('.') && !text.contains("  "), "{code}: {text:?}");
            let is_snake_case = |field: &str| field.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            assert!(violation.field().is_none_or(is_snake_case), "{code}");
        }
    }

    #[test]
    fn a_conflict_is_about_the_state_and_a_rule_about_the_input() {
        assert_eq!(Violation::from(TaskError::SameStatus).kind(), ViolationKind::Conflict);
        assert_eq!(Violation::from(ProjectError::KeyTaken).kind(), ViolationKind::Conflict);
        assert_eq!(Violation::from(TaskError::TitleLength).kind(), ViolationKind::Rule);
        assert_eq!(Violation::from(IdentityError::EmailFormat).field(), Some("email"));
    }
}
