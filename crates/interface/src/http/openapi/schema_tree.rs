//! Schemas hold schemas: what is done to all of them.

use serde_json::Value;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems};
use utoipa::openapi::{Components, Ref, RefOr, Schema};

/// Shows a schema and all that are in it, the outermost first.
pub(super) fn visit(schema: &mut RefOr<Schema>, act: fn(&mut RefOr<Schema>)) {
    act(schema);
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            object.properties.values_mut().for_each(|property| visit(property, act));
            if let Some(AdditionalProperties::RefOr(values)) = object.additional_properties.as_deref_mut() {
                visit(values, act);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                visit(items, act);
            }
        }
        Schema::OneOf(one_of) => one_of.items.iter_mut().for_each(|item| visit(item, act)),
        Schema::AllOf(all_of) => all_of.items.iter_mut().for_each(|item| visit(item, act)),
        Schema::AnyOf(any_of) => any_of.items.iter_mut().for_each(|item| visit(item, act)),
        _ => {}
    }
}

/// Takes `null` away where it is said to be the default. It comes from what Rust makes of an absent field; what it would
/// say of a merge patch is that an absent field is cleared, and generators make fields with a default required.
pub(super) fn drop_null_default(schema: &mut RefOr<Schema>) {
    let default = match schema {
        RefOr::Ref(reference) => &mut reference.default,
        RefOr::T(Schema::Object(object)) => &mut object.default,
        RefOr::T(Schema::Array(array)) => &mut array.default,
        RefOr::T(Schema::OneOf(one_of)) => &mut one_of.default,
        RefOr::T(Schema::AllOf(all_of)) => &mut all_of.default,
        RefOr::T(Schema::AnyOf(any_of)) => &mut any_of.default,
        RefOr::T(_) => return,
    };
    if default.as_ref().is_some_and(Value::is_null) {
        *default = None;
    }
}

/// Has lists refer to what they are of. What a generic type is filled with is written out otherwise.
pub(super) fn refer_to_items(components: &mut Components) {
    let names: Vec<_> = components.schemas.keys().cloned().collect();
    for name in &names {
        let Some(item) = name.strip_prefix("ListBody_").filter(|item| components.schemas.contains_key(*item)) else {
            continue;
        };
        if let Some(RefOr::T(Schema::Object(list))) = components.schemas.get_mut(name)
            && let Some(RefOr::T(Schema::Array(data))) = list.properties.get_mut("data")
        {
            data.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}
