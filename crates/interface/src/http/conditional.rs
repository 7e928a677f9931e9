//! Entity tags: `If-None-Match` saves sending what the client has, `If-Match` keeps it from overwriting what it has
//! not seen.

use std::convert::Infallible;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use serde::Serialize;
use sha2::{Digest, Sha256};
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

    /// Tells apart what is shown of one version, where that has something in it that changes without it: another user's
    /// name, say. [`digest`] is that for all of it.
    fn variant(&self) -> Option<String> {
        None
    }
}

/// The identity of an answer with a `version`, and an `id` unless another field is named. With `variant` what is shown of one
/// version is told apart.
macro_rules! versioned {
    ($answer:ident) => {
        $crate::http::conditional::versioned!($answer: id);
    };
    ($answer:ident: $id:ident $(, $variant:ident)?) => {
        impl $crate::http::conditional::Versioned for $answer {
            fn id(&self) -> uuid::Uuid {
                self.$id
            }

            fn version(&self) -> tenon_domain::Version {
                self.version
            }

            $(fn $variant(&self) -> Option<String> {
                Some($crate::http::conditional::digest(self))
            })?
        }
    };
}
pub(crate) use versioned;

/// A digest of a whole answer.
pub(crate) fn digest(body: &impl Serialize) -> String {
    let text = serde_json::to_vec(body).unwrap_or_default();
    beginning_of(Sha256::new_with_prefix(text), 8)
}

/// So many bytes of a digest, in hexadecimal.
pub(crate) fn beginning_of(hash: Sha256, bytes: usize) -> String {
    hash.finalize().iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
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
    let (id, version) = (resource.id(), resource.version());
    match resource.variant() {
        Some(variant) => format!("\"{id}.{version}.{variant}\""),
        None => format!("\"{id}.{version}\""),
    }
}

/// `If-Match`: the versions the client has seen, if it names any. What cannot be one of ours cannot match: 412, like a stale
/// one.
pub(crate) struct IfMatch(Option<Vec<SeenVersion>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeenVersion {
    Any,
    Of(Option<Uuid>, Version),
    /// A tag that was never ours.
    Foreign,
}

impl SeenVersion {
    /// Of the resource with this id, if it may be one of it.
    fn of(self, id: Option<Uuid>) -> Option<Version> {
        match self {
            Self::Of(seen, version) if id.is_none() || seen.is_none() || id == seen => Some(version),
            Self::Any | Self::Of(..) | Self::Foreign => None,
        }
    }
}

impl IfMatch {
    /// As commands take it. `id` is the id of the resource where the path names it by id. One of several tags has to match:
    /// that can only be the latest, because versions rise.
    pub(crate) fn expected_version(&self, id: Option<Uuid>) -> Option<Version> {
        match self.0.as_deref() {
            None | Some([SeenVersion::Any]) => None,
            Some(seen) => Some(seen.iter().filter_map(|seen| seen.of(id)).max().unwrap_or(NO_VERSION)),
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
        ready(Ok(Self(given.then(|| tags(request, header::IF_MATCH).iter().map(|tag| read_version(tag)).collect()))))
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

/// A tag as `ETag` has it, whatever the variant, or just the `version` of the resource, with or without quotes. A weak tag never matches here (RFC 9110,
/// 13.1.1).
fn read_version(tag: &str) -> SeenVersion {
    if tag == "*" {
        return SeenVersion::Any;
    }
    let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
    let seen = match opaque.split_once('.') {
        Some((id, rest)) => {
            let version = rest.split('.').next().unwrap_or_default();
            parse_uuid(id).zip(version.parse().ok()).map(|(id, version)| (Some(id), version))
        }
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
            "The `ETag` you have seen, or just the `version`; of several, any may match. If it is out of date, nothing is \
             done and the answer is 412.",
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

    /// A door with its colour, which is painted without a new version.
    struct Painted(&'static str);

    impl Versioned for Painted {
        fn id(&self) -> Uuid {
            Door.id()
        }

        fn version(&self) -> Version {
            Door.version()
        }

        fn variant(&self) -> Option<String> {
            Some(digest(&self.0))
        }
    }

    fn seen(header: &str) -> IfMatch {
        IfMatch(Some(parse_tags(header).iter().map(|tag| read_version(tag)).collect()))
    }

    #[test]
    fn a_tag_names_the_resource_and_its_version() {
        let tag = seen(&entity_tag(&Door));
        assert_eq!(tag.expected_version(None), Some(3));
        assert_eq!(tag.expected_version(Some(Door.id())), Some(3));
        assert_eq!(tag.expected_version(Some(Uuid::nil())), Some(NO_VERSION));
        assert_eq!(IfMatch(None).expected_version(None), None);
        assert_eq!(seen("*").expected_version(None), None);
        assert_eq!(seen("\"3\"").expected_version(Some(Door.id())), Some(3));
        for foreign in ["", "\"x\"", "W/\"00000000-0000-0000-0000-000000000007.3\"", "\"7.3\""] {
            assert_eq!(seen(foreign).expected_version(None), Some(NO_VERSION), "{foreign}");
        }
    }

    #[test]
    fn one_tag_of_several_is_enough() {
        let (own, id) = (entity_tag(&Door), Some(Door.id()));
        let other = format!("\"{}.9\"", Uuid::nil());
        assert_eq!(seen(&format!("{other}, {own}")).expected_version(id), Some(3));
        assert_eq!(seen(&format!("\"x\", {own}, \"2\"")).expected_version(id), Some(3), "versions rise");
        assert_eq!(seen(&format!("{other}, \"x\"")).expected_version(id), Some(NO_VERSION));
    }

    #[test]
    fn what_changes_without_the_version_is_in_the_tag_and_no_matter_for_changes() {
        let (red, blue) = (entity_tag(&Painted("red")), entity_tag(&Painted("blue")));
        assert_ne!(red, blue);
        assert_eq!(red, entity_tag(&Painted("red")));
        for tag in [red, blue] {
            assert_eq!(seen(&tag).expected_version(Some(Door.id())), Some(3));
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
