//! What paths refer to. A reference that cannot be one of an existing resource is 404, like any other of none.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use tenon_domain::{TeamId, UserId};
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};

use super::fallback::method_not_allowed;
use super::problem::Problem;
use super::query::parse_uuid;
use super::route_table::RouteTable;

/// Something a path segment can refer to.
pub(crate) trait PathRef: Sized {
    /// The name of the segment in the route pattern.
    const SEGMENT: &'static str;
    /// What is not there when the reference is malformed.
    const RESOURCE: &'static str;
    const DESCRIPTION: &'static str;
    fn parse(raw: &str) -> Option<Self>;
    fn schema() -> Object;
}

/// What the path refers to: `InPath<TaskRef>`, or a pair.
pub(crate) struct InPath<T>(pub(crate) T);

fn segment<T: PathRef>(request: &HttpRequest) -> Result<T, Problem> {
    let raw = request.match_info().get(T::SEGMENT).unwrap_or_default();
    T::parse(raw).ok_or_else(|| {
        // `/invitations/accept` takes no DELETE; that `/invitations/{invitation}` does, makes it no invitation.
        let table = request.app_data::<Data<RouteTable>>();
        match table.and_then(|table| table.methods_of_literal(request.match_info().as_str())) {
            Some(methods) => method_not_allowed(request, methods),
            None => Problem::not_found(T::RESOURCE),
        }
    })
}

impl<T: PathRef> FromRequest for InPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request).map(Self))
    }
}

impl<A: PathRef, B: PathRef> FromRequest for InPath<(A, B)> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(segment(request).and_then(|first| Ok(Self((first, segment(request)?)))))
    }
}

fn parameter<T: PathRef>() -> Parameter {
    ParameterBuilder::new()
        .name(T::SEGMENT)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(T::DESCRIPTION))
        .schema(Some(T::schema()))
        .build()
}

impl<T: PathRef> IntoParams for InPath<T> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter::<T>()]
    }
}

impl<A: PathRef, B: PathRef> IntoParams for InPath<(A, B)> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![parameter::<A>(), parameter::<B>()]
    }
}

/// The schema of a segment that is an id.
pub(crate) fn id_schema() -> Object {
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    let example = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66";
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).examples([example]).build()
}

/// The schema of a segment that is an id or a key.
pub(crate) fn id_or_key_schema(example: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9-]{2,40}$")).examples([example]).build()
}

/// Defines what a path names by the id of a resource: the type, what the segment and the resource are called, and the
/// description.
macro_rules! id_ref {
    ($(#[$doc:meta])* $visible:vis struct $name:ident($inside:vis $id:ty); $segment:literal, $description:literal) => {
        $(#[$doc])*
        $visible struct $name($inside $id);

        impl $crate::http::path::PathRef for $name {
            const SEGMENT: &'static str = $segment;
            const RESOURCE: &'static str = $segment;
            const DESCRIPTION: &'static str = $description;

            fn parse(raw: &str) -> Option<Self> {
                $crate::http::query::parse_uuid(raw).map(|id| Self(id.into()))
            }

            fn schema() -> utoipa::openapi::schema::Object {
                $crate::http::path::id_schema()
            }
        }
    };
}
pub(crate) use id_ref;

/// The member that a path names by their user id.
pub(crate) struct MemberRef(pub(crate) UserId);

impl PathRef for MemberRef {
    const SEGMENT: &'static str = "user_id";
    const RESOURCE: &'static str = "member";
    const DESCRIPTION: &'static str = "The id of the member's user.";

    fn parse(raw: &str) -> Option<Self> {
        parse_uuid(raw).map(|id| Self(id.into()))
    }

    fn schema() -> Object {
        id_schema()
    }
}

id_ref! {
    /// The team that a path names.
    pub(crate) struct TeamRef(pub(crate) TeamId);
    "team", "The id of the team."
}
