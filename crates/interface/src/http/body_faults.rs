//! What is wrong with a body that is JSON and does not fit: which fields, for people and for programs. Such a body is read
//! again for that, so that the others cost nothing more.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};
use utoipa::PartialSchema;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, KnownFormat, Object, SchemaFormat};
use utoipa::openapi::{RefOr, Schema};

use super::problem::{FieldError, Problem, detail_of};

/// Of more faults than these the others are not told: a body has room for very many.
const MAX_FAULTS: usize = 50;

/// The problem with a body that stopped fitting `T`.
pub(crate) fn problem_of<T: DeserializeOwned + PartialSchema>(bytes: &[u8]) -> Problem {
    let members = match serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(bytes) {
        Ok(members) => members,
        Err(error) if error.is_data() => return no_object(),
        // The fault comes before the place where it stops being JSON.
        Err(error) => return malformed(&error),
    };
    let schema = T::schema();
    let mut faults = match &schema {
        RefOr::T(Schema::Object(object)) => at_the_top(object, &members),
        _ => Vec::new(),
    };
    let first = first_fault::<T>(bytes, &schema);
    faults.extend(first.filter(|first| faults.iter().all(|known| known.pointer != first.pointer)));
    faults.truncate(MAX_FAULTS);
    Problem::bad_request("body.invalid", detail_of(&faults)).with_errors(faults)
}

pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request("body.malformed", format!("The body is not JSON: {error}."))
}

pub(crate) fn no_object() -> Problem {
    Problem::bad_request("body.invalid", "The body must be a JSON object.")
}

/// All fields that are missing, and all that nobody knows.
fn at_the_top(schema: &Object, members: &BTreeMap<String, IgnoredAny>) -> Vec<FieldError> {
    let is_closed = matches!(schema.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)));
    let missing = schema.required.iter().filter(|name| !members.contains_key(*name));
    let unknown = members.keys().filter(|name| is_closed && !schema.properties.contains_key(*name));
    let known = || schema.properties.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    missing
        .map(|name| missing_field(&pointer_below("", name)))
        .chain(unknown.map(|name| unknown_field(&pointer_below("", name), &known())))
        .take(MAX_FAULTS)
        .collect()
}

/// What reading stopped at.
fn first_fault<T: DeserializeOwned>(bytes: &[u8], schema: &RefOr<Schema>) -> Option<FieldError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let error = serde_path_to_error::deserialize::<_, T>(&mut json).err()?;
    let pointer = pointer_to(error.path());
    let inner = error.inner();
    let text = inner.to_string();
    let place = format!(" at line {} column {}", inner.line(), inner.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    if let Some((name, _)) = quoted(text, "missing field `") {
        return Some(missing_field(&pointer_below(&pointer, name)));
    }
    if let Some((name, _)) = quoted(text, "duplicate field `") {
        let pointer = pointer_below(&pointer, name);
        return Some(fault(&pointer, "body.repeated_field", "is given more than once"));
    }
    if let Some((_, rest)) = quoted(text, "unknown field `") {
        let known = rest.split_once("expected ").map_or("", |(_, known)| known.trim_start_matches("one of "));
        return Some(unknown_field(&pointer, &known.replace('`', "")));
    }
    let format = at(schema, error.path()).and_then(format_of);
    Some(match misfit(text) {
        Misfit::Type { expected, found } => {
            let expected = format.unwrap_or(expected);
            fault(&pointer, "body.wrong_type", &format!("must be {expected}, not {found}"))
        }
        Misfit::Value { expected } => {
            fault(&pointer, "body.invalid_value", &format!("must be {}", format.unwrap_or(&expected)))
        }
        Misfit::Other(said) => match format {
            Some(format) => fault(&pointer, "body.invalid_value", &format!("must be {format}")),
            None => fault(&pointer, "body.invalid_value", &format!("does not fit: {said}")),
        },
    })
}

/// What serde has to say about a value.
enum Misfit<'a> {
    Type { expected: &'a str, found: &'a str },
    Value { expected: String },
    Other(&'a str),
}

/// What serde says, without what only Rust knows.
fn misfit(text: &str) -> Misfit<'_> {
    let parts = |start: &str| text.strip_prefix(start).and_then(|rest| rest.rsplit_once(", expected "));
    if let Some((found, expected)) = parts("invalid type: ") {
        return Misfit::Type { expected: in_json(expected), found: kind_of(found) };
    }
    if let Some((_, expected)) = parts("invalid value: ").or_else(|| parts("invalid length ")) {
        return Misfit::Value { expected: in_json(expected).to_owned() };
    }
    let choice = text.strip_prefix("unknown value `").or_else(|| text.strip_prefix("unknown variant `"));
    if let Some((_, choice)) = choice.and_then(|rest| rest.rsplit_once("expected ")) {
        let choice = choice.trim_start_matches("one of ").replace('`', "");
        return Misfit::Value { expected: format!("one of {choice}") };
    }
    // It names the type.
    Misfit::Other(if text.starts_with("data did not match") { "it is none of what it can be" } else { text })
}

/// A type as JSON has it.
fn in_json(expected: &str) -> &str {
    match expected {
        "a string" | "a boolean" => expected,
        "a sequence" => "a list",
        "a map" => "an object",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        other if other.starts_with("struct ") => "an object",
        other if other.contains("struct ") || other.contains("enum ") || other.contains("variant") => "another one",
        other => other,
    }
}

fn kind_of(found: &str) -> &'static str {
    match found.split(' ').next().unwrap_or_default() {
        "null" | "unit" | "Option" => "null",
        "boolean" => "a boolean",
        "integer" => "a whole number",
        "floating" => "a fraction",
        "string" | "character" => "a string",
        "map" => "an object",
        "sequence" => "a list",
        _ => "this",
    }
}

/// The schema of what a path leads to, as far as it needs no other schema.
fn at<'a>(schema: &'a RefOr<Schema>, path: &Path) -> Option<&'a RefOr<Schema>> {
    path.iter().try_fold(schema, |schema, segment| match (schema, segment) {
        (RefOr::T(Schema::Object(object)), Segment::Map { key }) => object.properties.get(key),
        (RefOr::T(Schema::Array(array)), Segment::Seq { .. }) => match &array.items {
            ArrayItems::RefOrSchema(items) => Some(items.as_ref()),
            ArrayItems::False => None,
        },
        _ => None,
    })
}

/// What texts of a format are called.
fn format_of(schema: &RefOr<Schema>) -> Option<&'static str> {
    let RefOr::T(Schema::Object(object)) = schema else { return None };
    match object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => Some("a UUID"),
        Some(SchemaFormat::KnownFormat(KnownFormat::Date)) => Some("a date such as 2026-11-21"),
        _ => None,
    }
}

/// What is between this and the next backtick, and what follows.
fn quoted<'a>(text: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(start)?.split_once('`')
}

fn missing_field(pointer: &str) -> FieldError {
    fault(pointer, "body.missing_field", "is missing")
}

fn unknown_field(pointer: &str, known: &str) -> FieldError {
    let known = if known.is_empty() { "none" } else { known };
    fault(pointer, "body.unknown_field", &format!("is not known here; these are: {known}"))
}

fn fault(pointer: &str, code: &'static str, said: &str) -> FieldError {
    let name = pointer.trim_start_matches('/');
    FieldError { pointer: pointer.to_owned(), code: code.into(), message: format!("`{name}` {said}") }
}

fn pointer_to(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => pointer_below(&pointer, key),
        Segment::Unknown => pointer,
    })
}

/// A JSON pointer (RFC 6901).
fn pointer_below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde::Deserialize;
    use utoipa::ToSchema;
    use uuid::Uuid;

    use super::*;
    use crate::http::merge_patch::not_null;
    use crate::http::projects::ProjectRoleName;

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Inner {
        name: String,
    }

    #[derive(Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    #[derive(Debug, Deserialize, ToSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "it is only read")]
    struct Outer {
        title: String,
        role: ProjectRoleName,
        points: Option<u32>,
        due: Option<NaiveDate>,
        #[serde(default)]
        people: Vec<Uuid>,
        #[serde(default)]
        parts: Vec<Inner>,
        #[serde(default, deserialize_with = "not_null")]
        done: Option<bool>,
    }

    fn faults(body: &str) -> Vec<String> {
        assert!(serde_json::from_str::<Outer>(body).is_err(), "{body}");
        let problem = problem_of::<Outer>(body.as_bytes());
        problem.errors().iter().map(|it| format!("{} {} {}", it.pointer, it.code, it.message)).collect()
    }

    #[test]
    fn all_that_is_missing_or_unknown_is_named_at_once() {
        assert_eq!(
            faults(r#"{"titel": 1, "a/b~": null}"#),
            [
                "/title body.missing_field `title` is missing",
                "/role body.missing_field `role` is missing",
                "/a~1b~0 body.unknown_field `a~1b~0` is not known here; these are: title, role, points, due, people, parts, done",
                "/titel body.unknown_field `titel` is not known here; these are: title, role, points, due, people, parts, done",
            ]
        );
    }

    #[test]
    fn other_faults_are_found_one_at_a_time_at_any_depth() {
        let with = |field: &str| faults(&format!(r#"{{"title": "t", "role": "viewer", {field}}}"#));
        for (field, found) in [
            (
                r#""points": "three""#,
                "/points body.wrong_type `points` must be a whole number that is not negative, not a string",
            ),
            (r#""points": -1"#, "/points body.invalid_value `points` must be a whole number that is not negative"),
            (r#""due": "tomorrow""#, "/due body.invalid_value `due` must be a date such as 2026-11-21"),
            (r#""people": ["x"]"#, "/people/0 body.invalid_value `people/0` must be a UUID"),
            (r#""people": {}"#, "/people body.wrong_type `people` must be a list, not an object"),
            (r#""parts": ["x"]"#, "/parts/0 body.wrong_type `parts/0` must be an object, not a string"),
            (r#""parts": [{}]"#, "/parts/0/name body.missing_field `parts/0/name` is missing"),
            (
                r#""parts": [{"name": "n", "size": 1}]"#,
                "/parts/0/size body.unknown_field `parts/0/size` is not known here; these are: name",
            ),
            (r#""done": null"#, "/done body.wrong_type `done` must be a boolean, not null"),
            (r#""title": "u""#, "/title body.repeated_field `title` is given more than once"),
        ] {
            assert_eq!(with(field), [found], "{field}");
        }
        assert_eq!(
            faults(r#"{"title": "t", "role": "chief"}"#),
            ["/role body.invalid_value `role` must be one of manager, contributor, viewer"]
        );
    }

    #[test]
    fn what_is_not_json_is_called_so_whatever_comes_before() {
        for (body, code) in [
            (r#"{"titel": 1, "x": "#, "body.malformed"),
            (r#"{"titel":1}}"#, "body.malformed"),
            (r#"{"titel":1}"#, "body.invalid"),
            ("null", "body.invalid"),
        ] {
            assert!(serde_json::from_str::<Outer>(body).is_err_and(|error| error.is_data()), "{body}");
            assert_eq!(problem_of::<Outer>(body.as_bytes()).code(), code, "{body}");
        }
    }

    #[test]
    fn where_no_field_is_known_there_are_none() {
        let problem = problem_of::<Empty>(br#"{"role": "lead"}"#);
        let messages: Vec<_> = problem.errors().iter().map(|it| it.message.as_str()).collect();
        assert_eq!(messages, ["`role` is not known here; these are: none"]);
    }

    #[test]
    fn nothing_says_where_in_the_text_or_what_in_rust() {
        for body in [r#"{"title": 1}"#, r#"{"parts": 7}"#, r#"{"parts": [[]]}"#, r#"{"title": "t", "role": {}}"#] {
            for found in faults(body) {
                assert!(!found.contains("column") && !found.contains("struct") && !found.contains("Inner"), "{found}");
            }
        }
    }

    #[test]
    fn there_are_only_so_many_faults_in_an_answer() {
        let members: Vec<_> = (0..1_000).map(|n| format!(r#""x{n}": 1"#)).collect();
        assert_eq!(faults(&format!("{{{}}}", members.join(","))).len(), MAX_FAULTS);
    }
}
