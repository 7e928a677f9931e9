//! Entity tags: `If-None-Match` saves sending what the client has, `If-Match` keeps it from overwriting what it has
//! not seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use tenon_domain::Version;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use super::problem::Problem;
use super::query::parse_uuid;

/// Never the version of anything.
const NO_VERSION: Version = -1;

/// A resource with a version.
pub(crate) trait Versioned {
    fn id(&self) -> Uuid;
    fn version(&self) -> Version;
}

/// The strong entity tag of a resource.
pub(crate) fn entity_tag(resource: &impl Versioned) -> String {
    format!("\"{}.{}\"", resource.id(), resource.version())
}

/// `If-Match`: the version the client has seen. It answers 400 when malformed, and 412 when stale.
pub(crate) struct IfMatch(Option<SeenVersion>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeenVersion {
    Any,
    Of(Option<Uuid>, Version),
    /// A tag that was never ours.
    Foreign,
}

impl IfMatch {
    /// As commands take it. `id` is the id of the resource where the path names it by id.
    pub(crate) fn expected_version(&self, id: Option<Uuid>) -> Option<Version> {
        match self.0 {
            None | Some(SeenVersion::Any) => None,
            Some(SeenVersion::Of(seen, version)) if id.is_none() || seen.is_none() || id == seen => Some(version),
            Some(SeenVersion::Of(..) | SeenVersion::Foreign) => Some(NO_VERSION),
        }
    }
}

/// `If-None-Match`: what the client has.
pub(crate) struct IfNoneMatch(Vec<String>);

impl IfNoneMatch {
    pub(crate) fn matches(&self, tag: &str) -> bool {
        self.0.iter().any(|held| held == "*" || held.strip_prefix("W/").unwrap_or(held) == tag)
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tags(request, header::IF_MATCH, "If-Match").and_then(|tags| match tags.as_slice() {
            [] => Ok(Self(None)),
            [tag] => Ok(Self(Some(read_version(tag)))),
            _ => Err(malformed("If-Match", "one entity tag or `*`")),
        }))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(tags(request, header::IF_NONE_MATCH, "If-None-Match").map(Self))
    }
}

fn tags(request: &HttpRequest, name: HeaderName, shown: &str) -> Result<Vec<String>, Problem> {
    let mut tags = Vec::new();
    for value in request.headers().get_all(name) {
        let text = value.to_str().ok();
        tags.extend(text.and_then(parse_tags).ok_or_else(|| malformed(shown, "entity tags, or `*`"))?);
    }
    Ok(tags)
}

fn malformed(header: &str, expected: &str) -> Problem {
    Problem::bad_request("header.malformed", format!("{header} must hold {expected}, as ETag had it."))
}

/// `*`, or a list of tags in quotes, each perhaps weak (RFC 9110, 8.8.3).
fn parse_tags(raw: &str) -> Option<Vec<String>> {
    if raw.trim() == "*" {
        return Some(vec!["*".to_owned()]);
    }
    let mut tags = Vec::new();
    let mut rest = raw.trim();
    loop {
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let prefix = rest.len() - opaque.len();
        let end = opaque.find('"')?;
        let is_etag_char = |byte: u8| byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80;
        if !opaque.bytes().take(end).all(is_etag_char) {
            return None;
        }
        tags.push(rest.get(..prefix + end + 1)?.to_owned());
        rest = opaque.get(end + 1..)?.trim_start();
        if rest.is_empty() {
            return Some(tags);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// A tag as `ETag` has it, or just the `version` of the resource in quotes. A weak tag never matches here (RFC 9110,
/// 13.1.1).
fn read_version(tag: &str) -> SeenVersion {
    if tag == "*" {
        return SeenVersion::Any;
    }
    let seen = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).and_then(|tag| match tag.split_once('.') {
        Some((id, version)) => Some(SeenVersion::Of(Some(parse_uuid(id)?), version.parse().ok()?)),
        None => Some(SeenVersion::Of(None, tag.parse().ok()?)),
    });
    seen.unwrap_or(SeenVersion::Foreign)
}

fn header_parameter(name: &str, description: &str) -> Vec<Parameter> {
    let example = "\"0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66.3\"";
    // Entity tags in quotes; a client that sends something else is told so.
    let schema =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^(\*|"[!#-~]{1,100}")$"#)).examples([example]);
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema));
    vec![parameter.build()]
}

impl IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        header_parameter(
            "If-Match",
            "The `ETag` you have seen, or the `version` in quotes. If it is out of date, nothing is done and the answer is 412.",
        )
    }
}

impl IntoParams for IfNoneMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        header_parameter("If-None-Match", "The `ETag` of what you have. If it is up to date, the answer is 304.")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Door;

    impl Versioned for Door {
        fn id(&self) -> Uuid {
            Uuid::from_u128(7)
        }

        fn version(&self) -> Version {
            3
        }
    }

    #[test]
    fn a_tag_names_the_resource_and_its_version() {
        let seen = IfMatch(Some(read_version(&entity_tag(&Door))));
        assert_eq!(seen.expected_version(None), Some(3));
        assert_eq!(seen.expected_version(Some(Door.id())), Some(3));
        assert_eq!(seen.expected_version(Some(Uuid::nil())), Some(NO_VERSION));
        assert_eq!(IfMatch(Some(read_version("*"))).expected_version(None), None);
        assert_eq!(IfMatch(Some(read_version("\"3\""))).expected_version(Some(Door.id())), Some(3));
        for foreign in ["\"x\"", "W/\"00000000-0000-0000-0000-000000000007.3\"", "\"7.3\""] {
            assert_eq!(IfMatch(Some(read_version(foreign))).expected_version(None), Some(NO_VERSION), "{foreign}");
        }
    }

    #[test]
    fn lists_of_tags_are_read_as_the_standard_has_it() {
        assert_eq!(parse_tags(r#""a", W/"b" ,"c,d""#).unwrap(), [r#""a""#, r#"W/"b""#, r#""c,d""#]);
        assert_eq!(parse_tags(" * ").unwrap(), ["*"]);
        for bad in ["", "a", "\"a", "\"a\" \"b\"", "\"a\",", ",\"a\"", "w/\"a\"", "\"a b\"", "*, \"a\""] {
            assert_eq!(parse_tags(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_weak_tag_is_good_enough_for_reading() {
        let tag = entity_tag(&Door);
        assert!(IfNoneMatch(vec!["\"x\"".to_owned(), format!("W/{tag}")]).matches(&tag));
        assert!(IfNoneMatch(vec!["*".to_owned()]).matches(&tag));
        assert!(!IfNoneMatch(Vec::new()).matches(&tag));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(text in "[\"W/*, a-z\\u{e9}]{0,30}") {
            if let Some(tags) = parse_tags(&text) {
                prop_assert!(!tags.is_empty());
                for tag in tags {
                    let _ = read_version(&tag);
                }
            }
        }
    }
}
