//! Patterns that schemas refer to by name (`pattern = "line"`): attributes take literals only, and these are long.

use utoipa::openapi::{RefOr, Schema};

use super::super::validation::{DOMAIN, EMAIL, LINE, MULTILINE};
use super::super::wire::DATE;

/// Puts the pattern in the place of its name.
pub(super) fn resolve(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    let Some(pattern) = &mut object.pattern else { return };
    match pattern.as_str() {
        "domain" => DOMAIN.clone_into(pattern),
        "email" => EMAIL.clone_into(pattern),
        "line" => LINE.clone_into(pattern),
        "multiline" => MULTILINE.clone_into(pattern),
        "date" => DATE.clone_into(pattern),
        _ => {}
    }
}
