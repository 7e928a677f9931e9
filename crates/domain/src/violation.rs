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
