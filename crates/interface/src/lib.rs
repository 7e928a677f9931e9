//! The HTTP interface of Tenon: routes, bodies, the OpenAPI document and what every request goes through.
//!
//! `docs/api.md` holds the conventions. Each context has a module under [`http`] with its bodies (`dto.rs`) and its
//! endpoints; everything that endpoints have in common is beside them, one idea a file.

pub mod http;
