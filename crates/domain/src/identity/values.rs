use std::fmt;

use super::IdentityError;
use crate::text::line_value;

line_value! {
    /// What people call a user.
    DisplayName, 1..=100, IdentityError, IdentityError::DisplayNameLength, IdentityError::DisplayNameCharacters
}

/// An email address in lower case: addresses that differ only in case are the same account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    pub const MAX_CHARS: usize = 254;
    const MAX_LOCAL_CHARS: usize = 64;
    /// What a local part may hold besides letters and digits (RFC 5322 `atext` and the dot).
    const LOCAL_PUNCTUATION: &'static str = ".!#$%&'*+/=?^_`{|}~-";

    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        let address = raw.trim().to_ascii_lowercase();
        let (local, domain) = address.rsplit_once('@').ok_or(IdentityError::EmailFormat)?;
        let well_formed =
            address.len() <= Self::MAX_CHARS && Self::is_local_part(local) && domain.split('.').all(Self::is_label);
        if well_formed { Ok(Self(address)) } else { Err(IdentityError::EmailFormat) }
    }

    fn is_local_part(local: &str) -> bool {
        (1..=Self::MAX_LOCAL_CHARS).contains(&local.len())
            && local.split('.').all(|atom| !atom.is_empty())
            && local.chars().all(|c| c.is_ascii_alphanumeric() || Self::LOCAL_PUNCTUATION.contains(c))
    }

    fn is_label(label: &str) -> bool {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    }

    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A password in clear. It is never printed and never stored.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub const MIN_CHARS: usize = 10;
    pub const MAX_CHARS: usize = 128;

    /// A new password, which must follow the rules.
    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        if (Self::MIN_CHARS..=Self::MAX_CHARS).contains(&raw.chars().count()) {
            Ok(Self(raw.to_owned()))
        } else {
            Err(IdentityError::PasswordLength)
        }
    }

    /// A password to be compared with an existing one: rules that changed since do not lock anybody out.
    pub fn attempt(raw: String) -> Self {
        Self(raw)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A hashed password in the format of the hasher that made it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    pub fn new(encoded: String) -> Self {
        Self(encoded)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The digest of a random token. Tokens have enough entropy that a plain digest cannot be reversed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(String);

impl TokenHash {
    pub fn new(hex: String) -> Self {
        Self(hex)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
