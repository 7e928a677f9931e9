//! Fields of a log line or a span, as JSON text that is ready to be written.

use std::fmt::{self, Write};
use std::ops::Range;

use serde::Serialize;
use tracing::field::{Field, Visit};

/// Names and values. A value is made into JSON once, when it is put; a name that is put again has its new value.
#[derive(Debug, Default)]
pub(super) struct JsonFields {
    fields: Vec<(&'static str, Range<usize>)>,
    /// The values, one after another.
    json: Vec<u8>,
    /// For values that have to be formatted before they can be escaped.
    plain: String,
}

impl JsonFields {
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.json.clear();
    }

    pub(super) fn put_null(&mut self, name: &'static str) {
        self.put(name, &());
    }

    pub(super) fn put_str(&mut self, name: &'static str, value: &str) {
        self.put(name, value);
    }

    /// Puts all of `others`.
    pub(super) fn extend(&mut self, others: &Self) {
        for (name, value) in &others.fields {
            let start = self.json.len();
            self.json.extend_from_slice(&others.json[value.clone()]);
            self.point(name, start..self.json.len());
        }
    }

    /// Writes `{"name":value,…}`.
    pub(super) fn write_object(&self, line: &mut Vec<u8>) {
        line.push(b'{');
        for (position, (name, value)) in self.fields.iter().enumerate() {
            if position > 0 {
                line.push(b',');
            }
            // Names are identifiers joined by dots, or the author's text in quotes: the latter needs escaping.
            let _ = serde_json::to_writer(&mut *line, name);
            line.push(b':');
            line.extend_from_slice(&self.json[value.clone()]);
        }
        line.push(b'}');
    }

    fn put(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) {
        let start = self.json.len();
        // Writing plain values into memory does not fail.
        let _ = serde_json::to_writer(&mut self.json, value);
        self.point(name, start..self.json.len());
    }

    fn point(&mut self, name: &'static str, value: Range<usize>) {
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.fields.push((name, value)),
        }
    }

    fn put_formatted(&mut self, name: &'static str, value: fmt::Arguments<'_>) {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        // A value that cannot be formatted is cut where it failed.
        let _ = plain.write_fmt(value);
        self.put(name, plain.as_str());
        self.plain = plain;
    }
}

/// The name without the mark that lets Rust's keywords be names.
fn name(field: &Field) -> &'static str {
    field.name().trim_start_matches("r#")
}

impl Visit for JsonFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // Three decimals are microseconds of a `duration_ms`; more would be noise.
        self.put(name(field), &((value * 1000.0).round() / 1000.0));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(name(field), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(name(field), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(name(field), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(name(field), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_formatted(name(field), format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(fields: &JsonFields) -> Value {
        let mut line = Vec::new();
        fields.write_object(&mut line);
        serde_json::from_slice(&line).unwrap()
    }

    #[test]
    fn a_name_put_again_has_its_new_value() {
        let mut fields = JsonFields::default();
        fields.put_null("message");
        fields.put_str("a", "a long old value");
        fields.put_str("a", "new");
        fields.put_str("message", "line\nbreak \"quoted\"");
        assert_eq!(object(&fields), json!({"message": "line\nbreak \"quoted\"", "a": "new"}));
    }

    #[test]
    fn inner_fields_overrule_outer_ones() {
        let mut outer = JsonFields::default();
        outer.put_str("request_id", "outer");
        outer.put("status", &200);
        let mut inner = JsonFields::default();
        inner.put_str("request_id", "inner");
        inner.put("ratio", &f64::NAN);
        outer.extend(&inner);
        assert_eq!(object(&outer), json!({"request_id": "inner", "status": 200, "ratio": null}));
    }

    #[test]
    fn what_is_cleared_is_gone() {
        let mut fields = JsonFields::default();
        fields.put_str("a", "b");
        fields.clear();
        assert_eq!(object(&fields), json!({}));
    }
}
