//! Endpoints, and what they have in common.
//!
//! A request passes, from the outside in: [`context`] (request id, root span, metrics, security headers), [`cors`],
//! [`problem`] (errors become problem+json), [`authentication`], [`rate_limit`], [`admission`], [`idempotency`], the
//! route.

mod admission;
mod answer;
mod audit;
mod authentication;
mod body;
mod body_faults;
mod caller;
mod client_address;
mod conditional;
mod context;
mod cookies;
mod cors;
mod csrf;
mod cursor;
mod draining;
mod fallback;
mod health;
mod idempotency;
mod identity;
mod layers;
mod list;
mod merge_patch;
mod notifications;
mod openapi;
mod organizations;
mod path;
mod probes;
mod problem;
mod problem_codes;
mod projects;
mod query;
mod rate_limit;
mod replay;
mod request_id;
mod request_metrics;
mod route_table;
mod security_headers;
mod server;
mod services;
mod special_operations;
mod tasks;
mod trace;
mod validation;
mod verification_keys;
mod wire;
mod withheld;

pub use admission::AdmissionSettings;
pub use body::BodyLimits;
pub use draining::Draining;
pub use openapi::{openapi, openapi_json};
pub use probes::serve_probes;
pub use problem_codes::problem_codes_markdown;
pub use rate_limit::RateLimits;
pub use server::serve;
pub use services::{HttpServices, HttpSettings, TraceContext};

use utoipa_actix_web::service_config::ServiceConfig;

/// Where the API lives. Layers compare with `match_info().as_str()`, the decoded path that routes are matched with:
/// `path()` is as the client spelled it, and `/%61pi/v1` is the API, too.
pub(crate) const BASE_PATH: &str = "/api/v1";

/// The endpoints of every context, relative to [`BASE_PATH`]. Routes are tried in this order: what is asked most comes
/// first.
fn endpoints(cfg: &mut ServiceConfig<'_>) {
    cfg.configure(tasks::configure)
        .configure(identity::configure)
        .configure(organizations::configure)
        .configure(projects::configure)
        .configure(notifications::configure)
        .configure(audit::configure);
}
