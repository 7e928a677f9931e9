//! JSON merge patch (RFC 7396): absent leaves a field as it is, `null` clears it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of a PATCH body that can be cleared. The body needs `#[serde(default)]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<T> Patch<T> {
    /// As commands take it: `None` leaves the field, `Some(None)` clears it.
    pub(crate) fn into_change(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Like [`Patch::into_change`], through a parser.
    pub(crate) fn parse<U, E>(self, parse: impl FnOnce(T) -> Result<U, E>) -> Result<Option<Option<U>>, E> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Ok(Some(None)),
            Self::Value(value) => parse(value).map(|value| Some(Some(value))),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Absent | Self::Null => serializer.serialize_none(),
        }
    }
}

/// For a field of a PATCH body that cannot be cleared: `null` is refused.
/// Use it as `#[serde(deserialize_with = "not_null")]` on an `Option`.
pub(crate) fn not_null<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Body {
        due: Patch<String>,
        #[serde(deserialize_with = "not_null")]
        title: Option<String>,
    }

    #[test]
    fn absent_null_and_a_value_differ() {
        let read = |text| serde_json::from_str::<Body>(text);
        assert_eq!(read("{}").unwrap().due.into_change(), None);
        assert_eq!(read(r#"{"due":null}"#).unwrap().due.into_change(), Some(None));
        assert_eq!(read(r#"{"due":"x"}"#).unwrap().due.into_change(), Some(Some("x".to_owned())));
        assert_eq!(read("{}").unwrap().title, None);
        assert_eq!(read(r#"{"title":"t"}"#).unwrap().title.as_deref(), Some("t"));
        assert!(read(r#"{"title":null}"#).is_err(), "a title cannot be cleared");
        assert!(read(r#"{"other":1}"#).is_err(), "unknown fields are refused");
    }
}
