//! The server: every layer in its place, limits on slow and big clients, and an orderly end.

use std::any::Any;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

#[cfg(target_os = "linux")]
use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
#[cfg(target_os = "linux")]
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpServer};
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::admission::{Admission, Worker};
use super::body::BodyLimits;
use super::client_address::TrustedProxies;
use super::cors::AllowedOrigins;
use super::csrf::CsrfTokens;
use super::cursor::Cursors;
use super::openapi::{self, DOCUMENT_PATH, RenderedDocument};
use super::rate_limit::ActiveLimits;
use super::route_table::RouteTable;
use super::security_headers::SecurityHeaders;
use super::services::{HttpServices, HttpSettings};
use super::{BASE_PATH, endpoints, fallback, health, layers, verification_keys};

/// The most TLS handshakes under way on a thread. While there are so many it accepts nobody, so there is room for clients
/// that begin one and leave it.
const MAX_HANDSHAKES: usize = 4096;
/// How long a TLS handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the layers and handlers find in the server, shared by all its workers.
#[derive(Clone)]
struct Shared {
    services: Data<HttpServices>,
    limits: Data<ActiveLimits>,
    admission: Data<Option<Admission>>,
    body_limits: Data<BodyLimits>,
    cursors: Data<Cursors>,
    csrf_tokens: Data<CsrfTokens>,
    origins: Data<AllowedOrigins>,
    trusted_proxies: Data<TrustedProxies>,
    security_headers: Data<SecurityHeaders>,
    routes: Data<RouteTable>,
    document: Data<RenderedDocument>,
}

impl Shared {
    fn new(services: HttpServices, settings: &HttpSettings) -> Self {
        Self {
            services: Data::new(services),
            limits: Data::new(ActiveLimits(settings.rate_limits)),
            admission: Data::new(settings.admission.map(Admission::new)),
            body_limits: Data::new(settings.body),
            cursors: Data::new(Cursors::new(settings.cursor_key.clone())),
            csrf_tokens: Data::new(CsrfTokens::new(settings.csrf_key.clone())),
            origins: Data::new(AllowedOrigins::new(&settings.cors_origins, &settings.public_url)),
            trusted_proxies: Data::new(TrustedProxies::new(settings.trusted_proxies.clone())),
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
            .app_data(Data::new(services.domains.clone()))
            .app_data(Data::new(services.single_sign_on.clone()))
            .app_data(Data::new(services.authenticator.clone()))
            .app_data(Data::new(services.trace_context.clone()))
            .app_data(Data::new(services.draining.clone()))
            .app_data(self.limits.clone())
            .app_data(self.admission.clone())
            .app_data(self.body_limits.clone())
            .app_data(self.cursors.clone())
            .app_data(self.csrf_tokens.clone())
            .app_data(self.origins.clone())
            .app_data(self.trusted_proxies.clone())
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
    let factory = move || {
        let shared = shared.clone();
        let worker = shared.admission.is_some().then(Worker::watch);
        app(move |cfg| {
            shared.register(cfg);
            if let Some(worker) = worker {
                cfg.app_data(worker);
            }
        })
    };
    let unread_timeout = settings.unread_timeout;
    let server = HttpServer::new(factory)
        .workers(settings.workers.max(1))
        .max_connections(settings.max_connections_per_worker)
        .keep_alive(settings.keep_alive)
        .client_request_timeout(settings.head_timeout)
        .client_disconnect_timeout(settings.head_timeout)
        .on_connect(move |connection, _| limit_unread(connection, unread_timeout))
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
        .shutdown_signal(shutdown);
    let server = match settings.tls {
        Some(tls) => server
            .max_connection_rate(MAX_HANDSHAKES)
            .tls_handshake_timeout(HANDSHAKE_TIMEOUT)
            .listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    server.run().await
}

/// Ends connections whose client does not take its answers: the protocol layer would wait for ever, with the answer.
fn limit_unread(connection: &dyn Any, timeout: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = tcp_stream(connection)
        && let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(timeout))
    {
        tracing::debug!(%error, "a connection without a limit for unread answers");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, timeout);
}

/// The socket below a connection, with TLS or without.
#[cfg(target_os = "linux")]
fn tcp_stream(connection: &dyn Any) -> Option<&TcpStream> {
    let encrypted = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
    connection.downcast_ref::<TcpStream>().or_else(encrypted)
}

/// The routes, with the layers around them.
fn app(
    register: impl FnOnce(&mut web::ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let docs = SwaggerUi::new("/docs/{_:.*}").config(Config::new([DOCUMENT_PATH]).validator_url("none"));
    App::new()
        .configure(register)
        .service(openapi::serve)
        .into_utoipa_app()
        .service(scope(BASE_PATH).configure(endpoints).default_service(web::to(fallback::answer)))
        .configure(health::configure)
        .configure(verification_keys::configure)
        .default_service(web::to(fallback::answer))
        .into_app()
        .service(openapi::docs)
        .service(docs)
        .wrap(from_fn(layers::around))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, HeaderMap};
    use actix_web::http::{Method, StatusCode};
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use serde_json::Value;

    use super::*;
    use crate::http::problem;

    /// What needs no application behind it.
    fn register(cfg: &mut web::ServiceConfig) {
        let url = url::Url::parse("https://tenon.example.com").unwrap();
        cfg.app_data(Data::new(RouteTable::new(&openapi::openapi())))
            .app_data(Data::new(RenderedDocument::new()))
            .app_data(Data::new(SecurityHeaders::new(&url)))
            .app_data(Data::new(AllowedOrigins::new(&["https://app.example.com".to_owned()], &url)));
    }

    async fn send(request: TestRequest) -> (StatusCode, HeaderMap, Vec<u8>) {
        let app = init_service(app(register)).await;
        let answer = call_service(&app, request.to_request()).await;
        (answer.status(), answer.headers().clone(), read_body(answer).await.to_vec())
    }

    async fn problem(request: TestRequest) -> (u16, String, HeaderMap) {
        let (status, headers, body) = send(request).await;
        assert_eq!(headers.get(header::CONTENT_TYPE).unwrap(), problem::MEDIA_TYPE);
        assert_eq!(headers.get(header::X_CONTENT_TYPE_OPTIONS).unwrap(), "nosniff");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["status"], status.as_u16());
        assert_eq!(body["type"], format!("urn:tenon:problem:{}", body["code"].as_str().unwrap()));
        assert_eq!(body["request_id"], "a-1");
        (status.as_u16(), body["code"].as_str().unwrap().to_owned(), headers)
    }

    fn request(method: Method, path: &str) -> TestRequest {
        TestRequest::with_uri(path).method(method).insert_header(("x-request-id", "a-1"))
    }

    #[actix_web::test]
    async fn what_is_not_there_is_a_problem() {
        for path in ["/", "/nope", "/api/v1/nope", "/api/v1", "/api/v1/tasks/", "/api/v1/projects/x/y"] {
            let (status, code, headers) = problem(request(Method::GET, path)).await;
            assert_eq!((status, code.as_str()), (404, "route.not_found"), "{path}");
            assert_eq!(headers.get("x-request-id").unwrap(), "a-1");
        }
    }

    #[actix_web::test]
    async fn another_spelling_of_a_path_passes_the_same_layers() {
        for path in ["/%61pi/v1/tasks", "/api/v1/%74asks", "/api/v1/task%73/ENG-1"] {
            let (status, code, _) = problem(request(Method::GET, path)).await;
            assert_eq!((status, code.as_str()), (401, "auth.missing_token"), "{path}");
        }
        let keyed = request(Method::POST, "/api/v1/auth/switch%2Dorganization").insert_header(("idempotency-key", "k"));
        assert_eq!(problem(keyed).await.1, "idempotency.not_supported");
    }

    #[actix_web::test]
    async fn other_methods_are_named() {
        let cases = [
            (Method::PUT, "/api/v1/tasks", "GET, POST, HEAD"),
            (Method::POST, "/api/v1/tasks/ENG-1", "GET, PATCH, DELETE, HEAD"),
            (Method::DELETE, "/api/v1/tasks/ENG-1/restore", "POST"),
            (Method::TRACE, "/health", "GET, HEAD"),
            (Method::OPTIONS, "/api/v1/projects", "GET, POST, HEAD"),
            (Method::POST, "/api/v1/openapi.json", "GET, HEAD"),
            (Method::POST, "/docs/", "GET, HEAD"),
        ];
        for (method, path, allowed) in cases {
            let (status, code, headers) = problem(request(method.clone(), path)).await;
            assert_eq!((status, code.as_str()), (405, "method.not_allowed"), "{method} {path}");
            assert_eq!(headers.get(header::ALLOW).unwrap(), allowed);
        }
    }

    #[actix_web::test]
    async fn who_has_not_signed_in_learns_how_before_anything_else() {
        let cases = [
            (Method::GET, "/api/v1/tasks?nope=1"),
            (Method::POST, "/api/v1/tasks"),
            (Method::GET, "/api/v1/tasks/ENG-1"),
            (Method::GET, "/api/v1/projects/nope-nope"),
            (Method::PUT, "/api/v1/projects/ENG/members/x"),
        ];
        for (method, path) in cases {
            let (status, code, headers) = problem(request(method.clone(), path)).await;
            assert_eq!((status, code.as_str()), (401, "auth.missing_token"), "{method} {path}");
            assert!(headers.get(header::WWW_AUTHENTICATE).unwrap().to_str().unwrap().starts_with("Bearer"));
        }
    }

    #[actix_web::test]
    async fn a_bad_idempotency_key_is_refused() {
        let bad = request(Method::POST, "/api/v1/tasks").insert_header(("idempotency-key", "a b"));
        assert_eq!(problem(bad).await.1, "idempotency.key_malformed");
        let login = request(Method::POST, "/api/v1/auth/login").insert_header(("idempotency-key", "a"));
        assert_eq!(problem(login).await.1, "idempotency.not_supported");
    }

    #[actix_web::test]
    async fn only_listed_origins_are_let_in() {
        let preflight = |origin: &'static str| {
            request(Method::OPTIONS, "/api/v1/tasks")
                .insert_header((header::ORIGIN, origin))
                .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "POST"))
        };
        let (status, headers, _) = send(preflight("https://app.example.com")).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "https://app.example.com");
        assert_eq!(headers.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).unwrap(), "true");
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_HEADERS).unwrap().to_str().unwrap();
        assert!(allowed.contains("X-Auth-Mode, X-CSRF-Token, X-Request-Id"), "{allowed}");
        let (status, headers, _) = send(preflight("https://evil.example.com")).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[actix_web::test]
    async fn a_token_and_a_cookie_are_one_too_many() {
        for authorization in ["Bearer t", "Basic dTpw", ""] {
            let both = request(Method::GET, "/api/v1/tasks")
                .insert_header((header::AUTHORIZATION, authorization))
                .insert_header((header::COOKIE, "__Host-tenon_access=t"));
            let (status, code, _) = problem(both).await;
            assert_eq!((status, code.as_str()), (400, "auth.mixed_credentials"), "{authorization}");
        }
    }

    #[actix_web::test]
    async fn two_tokens_or_two_cookies_are_one_too_many() {
        let with = |headers: [(header::HeaderName, &'static str); 2]| {
            let request = request(Method::GET, "/api/v1/tasks");
            headers.into_iter().fold(request, |request, header| request.append_header(header))
        };
        let refused = [
            [(header::AUTHORIZATION, "Bearer a"), (header::AUTHORIZATION, "Bearer b")],
            [(header::AUTHORIZATION, "Bearer a"), (header::AUTHORIZATION, "Basic dTpw")],
            [(header::COOKIE, "__Host-tenon_access=a; __Host-tenon_access=b"), (header::COOKIE, "theme=dark")],
            [(header::COOKIE, "__Host-tenon_access=a"), (header::COOKIE, "__Host-tenon_access=b")],
        ];
        for headers in refused {
            let (status, code, _) = problem(with(headers.clone())).await;
            assert_eq!((status, code.as_str()), (400, "auth.mixed_credentials"), "{headers:?}");
        }
        let same = with([(header::AUTHORIZATION, "Bearer a"), (header::AUTHORIZATION, "Bearer a")]);
        assert_eq!(problem(same).await.1, "auth.missing_token", "nobody wonders which one counts");
    }

    #[actix_web::test]
    async fn the_documentation_needs_nobody_else() {
        let (status, headers, body) = send(request(Method::GET, "/docs/")).await;
        let page = String::from_utf8(body).unwrap();
        assert_eq!(status, StatusCode::OK);
        assert!(headers.get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap().contains("script-src 'self'"));
        assert!(page.contains("swagger-ui") && !page.contains("https://"), "{page}");
        let (status, _, script) = send(request(Method::GET, "/docs/swagger-initializer.js")).await;
        assert_eq!(status, StatusCode::OK);
        assert!(String::from_utf8(script).unwrap().contains(DOCUMENT_PATH));
        let (status, headers, _) = send(request(Method::GET, "/docs")).await;
        assert_eq!(
            (status, headers.get(header::LOCATION).unwrap().to_str().unwrap()),
            (StatusCode::PERMANENT_REDIRECT, "/docs/")
        );
        let (_, _, body) = send(request(Method::GET, DOCUMENT_PATH)).await;
        assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["openapi"], "3.1.0");
        assert_eq!(send(request(Method::HEAD, "/health")).await.0, StatusCode::OK);
    }
}
