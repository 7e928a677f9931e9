//! Entity tags: `If-None-Match` saves sending what the client has, `If-Match` keeps it from overwriting what it has
//! not seen.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use tenon_application::documents::Document;
use tenon_domain::Version;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use uuid::Uuid;

use super::query::parse_uuid;

/// Never the version of anything.
const NO_VERSION: Version = -1;

/// A resource with a version.
pub(crate) trait Versioned {
    fn id(&self) -> Uuid;
    fn version(&self) -> Version;
}

impl Versioned for Document {
    fn id(&self) -> Uuid {
        Self::id(self)
    }

    fn version(&self) -> Version {
        Self::version(self)
    }
}

/// The strong entity tag of a resource.
pub(crate) fn entity_tag(resource: &impl Versioned) -> String {
    format!("\"{}.{}\"", resource.id(), resource.version())
}

/// `If-Match`: the version the client has seen. What cannot be one of ours cannot match: 412, like a stale one.
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
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let given = request.headers().contains_key(header::IF_MATCH);
        ready(Ok(Self(match tags(request, header::IF_MATCH).as_slice() {
            [tag] => Some(read_version(tag)),
            _ => given.then_some(SeenVersion::Foreign),
        })))
    }
}

impl FromRequest for IfNoneMatch {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(tags(request, header::IF_NONE_MATCH))))
    }
}

/// The tags of a header. Ours hold no commas, so that a list is easily taken apart.
fn tags(request: &HttpRequest, name: HeaderName) -> Vec<String> {
    request.headers().get_all(name).flat_map(|value| parse_tags(&String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn parse_tags(raw: &str) -> Vec<String> {
    raw.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// A tag as `ETag` has it, or just the `version` of the resource, with or without quotes. A weak tag never matches here (RFC 9110,
/// 13.1.1).
fn read_version(tag: &str) -> SeenVersion {
    if tag == "*" {
        return SeenVersion::Any;
    }
    let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    let seen = match opaque.split_once('.') {
        Some((id, version)) => parse_uuid(id).zip(version.parse().ok()).map(|(id, version)| (Some(id), version)),
        None => opaque.parse().ok().map(|version| (None, version)),
    };
    seen.map_or(SeenVersion::Foreign, |(id, version)| SeenVersion::Of(id, version))
}

fn header_parameter(name: &str, description: &str) -> Vec<Parameter> {
    let example = "\"0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66.3\"";
    // Any text is understood: what is not one of our tags matches nothing.
    let schema = ObjectBuilder::new().schema_type(Type::String).examples([example]);
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
            "The `ETag` you have seen, or just the `version`. If it is out of date, nothing is done and the answer is 412.",
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
    fn lists_of_tags_are_taken_apart() {
        assert_eq!(parse_tags(r#""a", W/"b" ,"c""#), [r#""a""#, r#"W/"b""#, r#""c""#]);
        assert_eq!(parse_tags(" * "), ["*"]);
        assert_eq!(parse_tags(" , "), Vec::<String>::new());
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
            let matches_any = parse_tags(&text).iter().any(|tag| read_version(tag) == SeenVersion::Any);
            prop_assert_eq!(matches_any, text.split(',').any(|part| part.trim() == "*"));
        }
    }
}
