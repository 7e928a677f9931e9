//! Small conversions that rows of several tables need.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenon_application::StoreError;

/// A stored name (`owner`, `task`) as the enum it stands for.
pub(super) fn named<T>(what: &'static str, text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::Broken(format!("unknown {what} in a row: {text:?}")))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Broken(format!("encoding a row: {error}")))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Broken(format!("decoding a row: {error}")))
}

/// A `LIKE` pattern that finds `text` anywhere, whatever it contains. The escape character is `!`.
pub(super) fn contains_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
