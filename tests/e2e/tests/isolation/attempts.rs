//! Calls of one organization with something of another in them, and what they tell.

use std::fmt;

use futures::future::join_all;
use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Ids, Operation};
use tenon_e2e_tests::{Answer, Person};
use uuid::Uuid;

use crate::tenant::Names;

/// How many calls are under way at a time.
const AT_ONCE: usize = 8;

/// Where in a call something of another organization is put. The rest of the call is right.
#[derive(Debug)]
pub(crate) enum Place {
    Path(usize),
    /// In the path and in an entity tag, which could be answered without looking.
    PathAndTag(usize),
    Query(String),
    Body(String),
}

impl Place {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Path(_) => "path",
            Self::PathAndTag(_) => "path and tag",
            Self::Query(_) => "query",
            Self::Body(_) => "body",
        }
    }
}

pub(crate) struct Attempt<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) place: Place,
}

impl fmt::Display for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.operation.name();
        match &self.place {
            Place::Path(at) => write!(f, "{name} (segment {at})"),
            Place::PathAndTag(at) => write!(f, "{name} (segment {at} and entity tag)"),
            Place::Query(parameter) => write!(f, "{name}?{parameter}"),
            Place::Body(pointer) => write!(f, "{name} {pointer}"),
        }
    }
}

/// Everywhere where an operation takes an id, a key or a text to look for, with what of theirs is tried there.
pub(crate) fn attempts<'a>(operation: &'a Operation, theirs: &Names) -> Vec<(Attempt<'a>, Vec<String>)> {
    let mut found = Vec::new();
    for at in operation.places() {
        found.push((Place::Path(at), theirs.ids_and_keys.clone()));
        if operation.headers.iter().any(|name| name == "If-None-Match" || name == "If-Match") {
            found.push((Place::PathAndTag(at), theirs.ids_and_keys.clone()));
        }
    }
    for (name, schema) in &operation.query {
        let schema = schema.get("items").unwrap_or(schema);
        if schema["format"] == "uuid" {
            found.push((Place::Query(name.clone()), theirs.ids.clone()));
        } else if schema["type"] == "string"
            && schema.get("enum").is_none()
            && schema.get("format").is_none()
            // Names of fields, and what is tried on its own.
            && !["sort", "cursor"].contains(&name.as_str())
        {
            found.push((Place::Query(name.clone()), theirs.words.clone()));
        }
    }
    for pointer in operation.ids_in_body() {
        found.push((Place::Body(pointer), theirs.ids.clone()));
    }
    found.into_iter().map(|(place, values)| (Attempt { operation, place }, values)).collect()
}

impl Attempt<'_> {
    /// Tries them all, a few at a time.
    pub(crate) async fn all(&self, who: &Person, own: &Ids, values: &[String]) -> Vec<(String, Look)> {
        let mut found = Vec::new();
        for some in values.chunks(AT_ONCE) {
            let looks = join_all(some.iter().map(|value| look(self, who, own, value))).await;
            found.extend(some.iter().cloned().zip(looks));
        }
        found
    }
}

/// What came back when a value was tried.
pub(crate) struct Look {
    pub(crate) value: String,
    pub(crate) answer: Answer,
}

pub(crate) async fn look(attempt: &Attempt<'_>, who: &Person, own: &Ids, value: &str) -> Look {
    let operation = attempt.operation;
    let (mut path, mut body, mut tag) = (operation.fill(own), operation.example(own), None);
    match &attempt.place {
        Place::Path(at) => path = operation.fill_but(own, *at, value),
        Place::PathAndTag(at) => {
            path = operation.fill_but(own, *at, value);
            tag = Some(if operation.headers.contains("If-None-Match") {
                ("if-none-match", format!("\"{value}.1\", *"))
            } else {
                ("if-match", format!("\"{value}.1\""))
            });
        }
        Place::Query(name) => {
            let total = if operation.query.contains_key("include") { "&include=total" } else { "" };
            path = format!("{path}?{name}={value}{total}");
        }
        Place::Body(pointer) => set(body.as_mut().expect("a body"), pointer, value),
    }
    let mut call = who.api.call(operation.method.clone(), &path, body);
    if let Some((name, tag)) = tag {
        call = call.header(name, tag);
    }
    Look { value: value.to_owned(), answer: call.await }
}

/// Puts a text where a pointer leads, which need not exist yet. A custom role takes the place of a system role.
fn set(body: &mut Value, pointer: &str, text: &str) {
    let mut place = body;
    for step in pointer.split('/').skip(1) {
        place = if step == "0" {
            // What else an object has to say, it says.
            let first = place.get(0).filter(|first| first.is_object()).cloned().unwrap_or_default();
            *place = json!([first]);
            &mut place[0]
        } else {
            if step == "custom_role_id"
                && let Some(members) = place.as_object_mut()
            {
                members.remove("role");
            }
            &mut place[step]
        };
    }
    *place = json!(text);
}

impl Look {
    /// All that was told: without what differs from one request to the next, and without what was asked for.
    pub(crate) fn told(&self) -> (u16, Vec<(String, String)>, String) {
        let request_id = self.answer.header("x-request-id").expect("a request id");
        let hide = |text: &str| text.replace(&self.value, "(value)").replace(request_id, "(request)");
        let headers = self.answer.headers.iter().filter(|(name, _)| name.as_str() != "date");
        let mut headers: Vec<_> =
            headers.map(|(name, value)| (name.to_string(), hide(&String::from_utf8_lossy(value.as_bytes())))).collect();
        headers.sort();
        (self.answer.status, headers, hide(&self.answer.text))
    }

    /// Which of these, in lower case, came back without having been sent.
    pub(crate) fn trace_of<'a>(&self, traces: &'a [String], sent: &str) -> Option<&'a String> {
        let headers = self.answer.headers.iter();
        let headers: String = headers.map(|(name, value)| format!("{name}: {value:?}\n")).collect();
        let text = format!("{headers}{}", self.answer.text).to_lowercase().replace(&sent.to_lowercase(), "");
        traces.iter().find(|trace| text.contains(trace.as_str()))
    }
}

/// Of the same form, and nobody's: another id, or the text with all its letters replaced.
#[expect(clippy::disallowed_methods, reason = "an id that nothing has")]
pub(crate) fn counterpart(value: &str) -> String {
    if Uuid::try_parse(value).is_ok() {
        return Uuid::now_v7().to_string();
    }
    let rotated = |c: u8, first: u8| char::from((c - first + 13) % 26 + first);
    value
        .bytes()
        .map(|c| match c {
            b'a'..=b'z' => rotated(c, b'a'),
            b'A'..=b'Z' => rotated(c, b'A'),
            other => char::from(other),
        })
        .collect()
}
