use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tenon_domain::Timestamp;

use super::{Certificate, TlsError};

/// The certificate that new connections are given. Those that are open keep the one that they have.
#[derive(Debug)]
pub struct ServedCertificate {
    certificates: PathBuf,
    key: PathBuf,
    current: RwLock<Certificate>,
}

impl ServedCertificate {
    pub fn read(certificates: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let current = RwLock::new(Certificate::read(&certificates, &key)?);
        Ok(Self { certificates, key, current })
    }

    /// Reads the files again, and answers whether there was another certificate in them. When they cannot be read, or do
    /// not belong together, the one that is served goes on.
    pub fn renew(&self) -> Result<bool, TlsError> {
        let found = Certificate::read(&self.certificates, &self.key)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = !found.is(&current);
        *current = found;
        Ok(is_new)
    }

    pub fn expires_at(&self) -> Timestamp {
        self.current.read().unwrap_or_else(PoisonError::into_inner).expires_at
    }

    /// TLS 1.2 and 1.3, for servers only; what is spoken inside is for the server to say.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, TlsError> {
        let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Protocol)?;
        let resolver: Arc<dyn ResolvesServerCert> = self.clone();
        Ok(versions.with_no_client_auth().with_cert_resolver(resolver))
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}
