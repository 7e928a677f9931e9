//! The server: every layer in its place, limits on slow and big clients, and an orderly end.

use std::future::Future;
use std::io;
use std::net::TcpListener;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpServer};
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::body::BodyLimits;
use super::cors::{self, AllowedOrigins};
use super::cursor::Cursors;
use super::openapi::{self, DOCUMENT_PATH, RenderedDocument};
use super::rate_limit::{self, ActiveLimits};
use super::route_table::RouteTable;
use super::security_headers::SecurityHeaders;
use super::services::{HttpServices, HttpSettings};
use super::trace::RequestSpan;
use super::{BASE_PATH, authentication, context, endpoints, fallback, health, idempotency, problem};

/// What the layers and handlers find in the server, shared by all its workers.
#[derive(Clone)]
struct Shared {
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    body_limits: Data<BodyLimits>,
    cursors: Data<Cursors>,
    origins: Data<AllowedOrigins>,
    security_headers: Data<SecurityHeaders>,
    routes: Data<RouteTable>,
    document: Data<RenderedDocument>,
}

impl Shared {
    fn new(services: HttpServices, settings: &HttpSettings) -> Self {
        Self {
            services: Data::new(services),
            limits: Data::new(ActiveLimits(settings.rate_limits)),
            body_limits: Data::new(BodyLimits { max_bytes: settings.max_body_bytes, timeout: settings.body_timeout }),
            cursors: Data::new(Cursors::new(settings.cursor_key.clone())),
            origins: Data::new(AllowedOrigins::new(&settings.cors_origins)),
            security_headers: Data::new(SecurityHeaders::new(&settings.public_url)),
            routes: Data::new(RouteTable::new(&openapi::openapi())),
            document: Data::new(RenderedDocument::new()),
        }
    }

    fn register(&self, cfg: &mut web::ServiceConfig) {
        let services = self.services.get_ref();
        cfg.app_data(self.services.clone())
            .app_data(Data::new(services.app.clone()))
            .app_data(Data::new(services.accounts.clone()))
            .app_data(Data::new(services.authenticator.clone()))
            .app_data(Data::new(services.trace_context.clone()))
            .app_data(self.limits.clone())
            .app_data(self.body_limits.clone())
            .app_data(self.cursors.clone())
            .app_data(self.origins.clone())
            .app_data(self.security_headers.clone())
            .app_data(self.routes.clone())
            .app_data(self.document.clone());
    }
}

/// Serves until `shutdown` resolves; then stops accepting, finishes what runs, and returns.
pub async fn serve(
    listener: TcpListener,
    services: HttpServices,
    settings: HttpSettings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let shared = Shared::new(services, &settings);
    HttpServer::new(move || app(&shared))
        .workers(settings.workers.max(1))
        .max_connections(settings.max_connections_per_worker)
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.head_timeout)
        .client_disconnect_timeout(settings.head_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .shutdown_signal(shutdown)
        .listen(listener)?
        .run()
        .await
}

/// The layers, from the inside out, around the routes.
fn app(
    shared: &Shared,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let docs = SwaggerUi::new("/docs/{_:.*}").config(Config::new([DOCUMENT_PATH]).validator_url("none"));
    App::new()
        .configure(|cfg| shared.register(cfg))
        .service(openapi::docs)
        .service(openapi::serve)
        .service(docs)
        .into_utoipa_app()
        .service(scope(BASE_PATH).configure(endpoints).default_service(web::to(fallback::answer)))
        .configure(health::configure)
        .default_service(web::to(fallback::answer))
        .into_app()
        .wrap(from_fn(idempotency::once))
        .wrap(from_fn(rate_limit::limit))
        .wrap(from_fn(authentication::authenticate))
        .wrap(from_fn(problem::render))
        .wrap(from_fn(cors::allow))
        .wrap(TracingLogger::<RequestSpan>::new())
        .wrap(from_fn(context::provide))
}
