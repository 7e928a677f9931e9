use std::fmt;

use super::IdentityError;
use crate::UserId;
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
    /// Will never exist (RFC 6761): nobody has an address below it but those that stand in for one here.
    const RESERVED_TOP_LEVEL: &'static str = "invalid";
    const SERVICE_DOMAIN: &'static str = "@service.invalid";
    const DELETED_DOMAIN: &'static str = "@deleted.invalid";

    /// An address that somebody is to have, or is asked to use.
    pub fn parse(raw: &str) -> Result<Self, IdentityError> {
        let email = Self::read(raw)?;
        let is_reserved = email.0.rsplit(['@', '.']).next() == Some(Self::RESERVED_TOP_LEVEL);
        if is_reserved { Err(IdentityError::EmailFormat) } else { Ok(email) }
    }

    /// What has the shape of an address, to be looked up or to send from. An earlier release let people register reserved
    /// ones, too.
    pub fn read(raw: &str) -> Result<Self, IdentityError> {
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

    /// Stands in for the address that a service account does not have.
    pub fn of_service(id: UserId) -> Self {
        Self(format!("{}{}", id.uuid().simple(), Self::SERVICE_DOMAIN))
    }

    /// Takes the place of the address that a deleted user had, so that it is free again.
    pub fn of_deleted(id: UserId) -> Self {
        Self(format!("{id}{}", Self::DELETED_DOMAIN))
    }

    /// Whether somebody could read what is sent there.
    pub fn takes_mail(&self) -> bool {
        !self.0.ends_with(Self::SERVICE_DOMAIN) && !self.0.ends_with(Self::DELETED_DOMAIN)
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

    /// What somebody typed. Only new passwords have to follow the rules: rules that changed since lock nobody out.
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

    /// Of no password at all.
    pub fn unusable() -> Self {
        Self("!".to_owned())
    }

    /// Whether there is a password that it is of.
    pub fn is_usable(&self) -> bool {
        self.0 != "!"
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

    /// Whether they are the same, in a time that does not tell where they differ.
    pub fn matches(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), other.0.as_bytes());
        let difference =
            ours.iter().zip(theirs).fold(0, |difference, (a, b)| std::hint::black_box(difference | (a ^ b)));
        ours.len() == theirs.len() && difference == 0
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_for_an_address_is_nobodys() {
        for text in ["ada@deleted.invalid", " Ada@Service.INVALID ", "ada@invalid", "ada@mail.example.invalid"] {
            assert_eq!(Email::parse(text), Err(IdentityError::EmailFormat), "{text:?}");
            let read = Email::read(text).map(|email| email.to_string());
            assert_eq!(read, Ok(text.trim().to_ascii_lowercase()), "whoever has it is found by it");
        }
        for text in ["ada@invalid.example", "invalid@example.com", "ada@notinvalid", "ada@deleted.invalid.com"] {
            assert_eq!(Email::parse(text).map(|email| email.to_string()), Ok(text.to_owned()));
        }
    }
}
