//! Patterns that schemas refer to by name (`pattern = "line"`): attributes take literals only, and these are long.

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{RefOr, Schema};

use super::super::validation::{DOMAIN, EMAIL, LINE, MULTILINE};
use super::super::wire::DATE;

/// Puts the patterns in the place of their names.
pub(super) fn resolve(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            if let Some(pattern) = &mut object.pattern {
                match pattern.as_str() {
                    "domain" => DOMAIN.clone_into(pattern),
                    "email" => EMAIL.clone_into(pattern),
                    "line" => LINE.clone_into(pattern),
                    "multiline" => MULTILINE.clone_into(pattern),
                    "date" => DATE.clone_into(pattern),
                    _ => {}
                }
            }
            object.properties.values_mut().for_each(resolve);
            if let Some(AdditionalProperties::RefOr(schema)) = object.additional_properties.as_deref_mut() {
                resolve(schema);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                resolve(items);
            }
        }
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(resolve),
        Schema::AllOf(all_of) => all_of.items.iter_mut().for_each(resolve),
        Schema::AnyOf(any_of) => any_of.items.iter_mut().for_each(resolve),
        _ => {}
    }
}
