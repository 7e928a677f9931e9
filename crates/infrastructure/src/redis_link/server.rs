use std::path::Path;

use redis::io::tcp::TcpSettings;
use redis::{Client, IntoConnectionInfo, RedisResult, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::RedisLinkError;

/// Where Redis is, and, with TLS, who has to vouch for it.
#[derive(Clone)]
pub struct RedisServer {
    url: String,
    /// In PEM.
    authorities: Option<Vec<u8>>,
}

impl From<&str> for RedisServer {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), authorities: None }
    }
}

impl From<&String> for RedisServer {
    fn from(url: &String) -> Self {
        url.as_str().into()
    }
}

impl RedisServer {
    /// Believes what the authorities in this file (PEM) have signed, and not what those have that this machine trusts.
    pub fn trusting(self, file: &Path) -> Result<Self, RedisLinkError> {
        let unusable = |cause: String| RedisLinkError::Authorities { path: file.to_owned(), cause };
        let authorities = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
        let certificates: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(&authorities).collect();
        if certificates.map_err(|error| unusable(error.to_string()))?.is_empty() {
            return Err(unusable("there is no certificate in it".to_owned()));
        }
        Ok(Self { authorities: Some(authorities), ..self })
    }

    /// Connects nowhere yet.
    pub(crate) fn client(&self, tcp: TcpSettings) -> RedisResult<Client> {
        let info = self.url.as_str().into_connection_info()?.set_tcp_settings(tcp);
        match &self.authorities {
            Some(pem) => {
                Client::build_with_tls(info, TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) })
            }
            None => Client::open(info),
        }
    }
}
