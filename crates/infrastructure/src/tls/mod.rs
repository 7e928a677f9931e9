//! TLS for deployments without a proxy: the certificate that is served, and taking up a renewed one.

mod certificate;
mod served;

pub use certificate::{Certificate, RENEW_BEFORE, TlsError};
pub use rustls::ServerConfig;
pub use served::ServedCertificate;
