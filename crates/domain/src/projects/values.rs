use std::fmt;

use super::ProjectError;
use crate::text::{line_value, text_value};

line_value! {
    /// What people call a project.
    ProjectName, 1..=100, ProjectError, ProjectError::NameLength, ProjectError::NameCharacters
}

/// The short name in front of every task's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectKey(String);

impl ProjectKey {
    pub const MIN_CHARS: usize = 2;
    pub const MAX_CHARS: usize = 10;

    pub fn parse(raw: &str) -> Result<Self, ProjectError> {
        let well_formed = (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&raw.len())
            && raw.starts_with(|c: char| c.is_ascii_uppercase())
            && raw.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if well_formed { Ok(Self(raw.to_owned())) } else { Err(ProjectError::KeyFormat) }
    }

    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value! {
    /// The long text of a project. An empty one is no description.
    ProjectDescription, 10_000, ProjectError, ProjectError::DescriptionLength, ProjectError::DescriptionCharacters
}
