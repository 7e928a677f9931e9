//! What handlers answer with when all went well.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;
use tenon_application::documents::Document;

use super::BASE_PATH;
use super::conditional::{IfNoneMatch, Versioned, entity_tag};
use super::problem::Problem;

/// What every handler answers.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// 200 with a resource that has no version.
pub(crate) fn ok(body: &impl Serialize) -> Answer {
    Ok(HttpResponse::Ok().json(body))
}

/// 200 with a resource and its entity tag.
pub(crate) fn ok_versioned(body: &(impl Serialize + Versioned)) -> Answer {
    Ok(tagged(HttpResponse::Ok(), body).json(body))
}

/// 200 with a resource and its entity tag, or 304 if the client has it.
pub(crate) fn ok_unless_held(held: &IfNoneMatch, body: &(impl Serialize + Versioned)) -> Answer {
    if held.matches(&entity_tag(body)) {
        return Ok(tagged(HttpResponse::NotModified(), body).finish());
    }
    ok_versioned(body)
}

/// 200 with a document as it was kept, or 304 if the client has it.
pub(crate) fn document_unless_held(held: &IfNoneMatch, document: Document) -> Answer {
    if held.matches(&entity_tag(&document)) {
        return Ok(tagged(HttpResponse::NotModified(), &document).finish());
    }
    let mut answer = tagged(HttpResponse::Ok(), &document);
    Ok(answer.content_type(header::ContentType::json()).body(Bytes::from_owner(document)))
}

/// 201 with the new resource. `collection` is its path below the base path, such as `/tasks`.
pub(crate) fn created(collection: &str, body: &(impl Serialize + Versioned)) -> Answer {
    let location = format!("{BASE_PATH}{collection}/{}", body.id());
    Ok(tagged(HttpResponse::Created(), body).insert_header((header::LOCATION, location)).json(body))
}

/// 202, for what is done by mail.
pub(crate) fn accepted() -> Answer {
    Ok(HttpResponse::Accepted().finish())
}

/// 204.
pub(crate) fn no_content() -> Answer {
    Ok(HttpResponse::NoContent().finish())
}

fn tagged(mut answer: HttpResponseBuilder, body: &impl Versioned) -> HttpResponseBuilder {
    answer.insert_header((header::ETAG, entity_tag(body)));
    answer
}
