//! How values of the domain look in JSON.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tenon_domain::Timestamp;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The days the domain accepts (1970 to 9999), as a pattern.
pub(crate) const DATE: &str = r"^(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}$";

/// A moment: RFC 3339, UTC, with milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Timestamp);

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl From<Moment> for Timestamp {
    fn from(moment: Moment) -> Self {
        moment.0
    }
}

/// Takes any offset, and leaves out what is finer than milliseconds.
impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Cow::<'de, str>::deserialize(deserializer)?;
        let moment = DateTime::parse_from_rfc3339(&raw).ok();
        let moment = moment.and_then(|moment| DateTime::from_timestamp_millis(moment.timestamp_millis()));
        moment
            .map(Self)
            .ok_or_else(|| D::Error::custom(format_args!("`{raw}` is no moment, such as 2026-11-21T09:30:00.123Z")))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A moment in UTC, with milliseconds."))
            .examples(["2026-11-21T09:30:00.123Z"])
            .into()
    }
}

impl ToSchema for Moment {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timestamp")
    }
}

/// An enum of the domain whose variants have names in the API.
pub(crate) trait WireName: Copy + 'static {
    const ALL: &'static [Self];
    fn name(self) -> &'static str;
    fn parse_name(raw: &str) -> Option<Self>;
}

/// Implements [`WireName`] for an enum of the domain and defines its wrapper for bodies and answers. What its documentation
/// says is what its schema says.
macro_rules! wire_enum {
    ($(#[doc = $doc:literal])* $wrapper:ident, $schema:literal, $domain:ty) => {
        impl $crate::http::wire::WireName for $domain {
            const ALL: &'static [Self] = <$domain>::ALL;

            fn name(self) -> &'static str {
                self.as_str()
            }

            fn parse_name(raw: &str) -> Option<Self> {
                Self::parse(raw)
            }
        }

        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $wrapper(pub(crate) $domain);

        impl From<$domain> for $wrapper {
            fn from(value: $domain) -> Self {
                Self(value)
            }
        }

        impl serde::Serialize for $wrapper {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $wrapper {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let raw = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                <$domain>::parse(&raw).map(Self).ok_or_else(|| $crate::http::wire::unknown_name::<$domain, _>(&raw))
            }
        }

        impl utoipa::PartialSchema for $wrapper {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::http::wire::described_names::<$domain>(concat!($($doc),*)).into()
            }
        }

        impl utoipa::ToSchema for $wrapper {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed($schema)
            }
        }
    };
}
pub(crate) use wire_enum;

pub(crate) fn unknown_name<T: WireName, E: serde::de::Error>(raw: &str) -> E {
    E::custom(format_args!("unknown value `{raw}`, expected one of {}", names::<T>().join(", ")))
}

pub(crate) fn names<T: WireName>() -> Vec<&'static str> {
    T::ALL.iter().map(|value| value.name()).collect()
}

pub(crate) fn described_names<T: WireName>(description: &str) -> ObjectBuilder {
    let description = description.trim();
    names_schema::<T>().description((!description.is_empty()).then_some(description))
}

pub(crate) fn names_schema<T: WireName>() -> ObjectBuilder {
    let names = names::<T>();
    ObjectBuilder::new().schema_type(Type::String).examples(names.first().copied()).enum_values(Some(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let moment: Moment = serde_json::from_value(text.into()).ok()?;
        Some(serde_json::to_value(moment).unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn a_moment_is_taken_with_any_offset_and_kept_to_the_millisecond() {
        assert_eq!(read("2026-11-21T09:30:00Z").as_deref(), Some("2026-11-21T09:30:00.000Z"));
        assert_eq!(read("2026-11-21T10:30:00.1239+01:00").as_deref(), Some("2026-11-21T09:30:00.123Z"));
        assert_eq!(read("2026-12-31T23:59:60Z").as_deref(), Some("2027-01-01T00:00:00.000Z"));
        for text in ["", "2026-11-21", "2026-11-21T09:30:00", "2026-13-21T09:30:00Z", "tomorrow"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
