//! Cursors: where a page ended, signed together with the list it belongs to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDate};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tenon_application::{Position, PositionValue};
use uuid::Uuid;

const TAG_BYTES: usize = 16;
pub(crate) const MAX_CHARS: usize = 4096;

/// Makes and reads cursors.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: Vec<u8>,
}

/// A position as it is written into a cursor.
#[derive(Serialize, Deserialize)]
struct Wire(Vec<WireValue>, Uuid);

#[derive(Serialize, Deserialize)]
enum WireValue {
    #[serde(rename = "0")]
    Nothing,
    #[serde(rename = "t")]
    Text(String),
    #[serde(rename = "n")]
    Number(i64),
    #[serde(rename = "d")]
    Date(NaiveDate),
    #[serde(rename = "m")]
    Moment(i64),
}

impl Cursors {
    pub(crate) fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    /// `list` names the list with its filters and its order; a cursor is good for that one only.
    pub(crate) fn seal(&self, list: &str, position: &Position) -> Option<String> {
        let values = position.values.iter().map(WireValue::from).collect();
        let mut bytes = serde_json::to_vec(&Wire(values, position.id)).ok()?;
        let tag = self.mac(list, &bytes)?.finalize().into_bytes();
        bytes.extend_from_slice(tag.get(..TAG_BYTES)?);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The position, or `None` if the cursor was not made here for this list.
    pub(crate) fn open(&self, list: &str, cursor: &str) -> Option<Position> {
        if cursor.len() > MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
        self.mac(list, payload)?.verify_truncated_left(tag).ok()?;
        let Wire(values, id) = serde_json::from_slice(payload).ok()?;
        let values = values.into_iter().map(WireValue::into_value).collect::<Option<_>>()?;
        Some(Position { values, id })
    }

    fn mac(&self, list: &str, payload: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        // The length keeps the two parts apart.
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(payload);
        Some(mac)
    }
}

impl From<&PositionValue> for WireValue {
    fn from(value: &PositionValue) -> Self {
        match value {
            PositionValue::Nothing => Self::Nothing,
            PositionValue::Text(text) => Self::Text(text.clone()),
            PositionValue::Number(number) => Self::Number(*number),
            PositionValue::Date(date) => Self::Date(*date),
            PositionValue::Moment(moment) => Self::Moment(moment.timestamp_millis()),
        }
    }
}

impl WireValue {
    fn into_value(self) -> Option<PositionValue> {
        Some(match self {
            Self::Nothing => PositionValue::Nothing,
            Self::Text(text) => PositionValue::Text(text),
            Self::Number(number) => PositionValue::Number(number),
            Self::Date(date) => PositionValue::Date(date),
            Self::Moment(millis) => PositionValue::Moment(DateTime::from_timestamp_millis(millis)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(b"a key for tests".to_vec())
    }

    fn value() -> impl Strategy<Value = PositionValue> {
        prop_oneof![
            Just(PositionValue::Nothing),
            ".{0,40}".prop_map(PositionValue::Text),
            any::<i64>().prop_map(PositionValue::Number),
            (0i32..2_900_000).prop_filter_map("a day", |days| {
                NaiveDate::from_num_days_from_ce_opt(days).map(PositionValue::Date)
            }),
            (0i64..4_000_000_000_000)
                .prop_filter_map("a moment", |ms| DateTime::from_timestamp_millis(ms).map(PositionValue::Moment)),
        ]
    }

    fn position() -> impl Strategy<Value = Position> {
        (prop::collection::vec(value(), 0..4), any::<u128>())
            .prop_map(|(values, id)| Position { values, id: Uuid::from_u128(id) })
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_was(position in position(), list in ".{0,60}") {
            let cursor = cursors().seal(&list, &position).unwrap();
            prop_assert_eq!(cursors().open(&list, &cursor), Some(position));
        }

        #[test]
        fn any_change_is_noticed(position in position(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]") {
            let cursor = cursors().seal("list", &position).unwrap();
            let at = at.index(cursor.len());
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != cursor);
            prop_assert_eq!(cursors().open("list", &changed), None);
        }

        #[test]
        fn a_cursor_is_good_for_its_list_and_key_only(position in position(), other in ".{0,60}") {
            let cursor = cursors().seal("list", &position).unwrap();
            prop_assume!(other != "list");
            prop_assert_eq!(cursors().open(&other, &cursor), None);
            prop_assert_eq!(Cursors::new(b"another key".to_vec()).open("list", &cursor), None);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            prop_assert_eq!(cursors().open("list", &text), None);
        }
    }
}
