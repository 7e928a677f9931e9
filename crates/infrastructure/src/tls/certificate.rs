use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tenon_domain::Timestamp;
use x509_parser::parse_x509_certificate;

/// Whoever renews certificates by themselves has done it by then.
pub const RENEW_BEFORE: TimeDelta = TimeDelta::days(14);

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("TLS: the certificates in {}: {cause}", path.display())]
    Certificates { path: PathBuf, cause: String },
    #[error("TLS: the private key in {}: {cause}", path.display())]
    Key { path: PathBuf, cause: String },
    #[error("TLS: the private key in {} is not that of the certificate in {}", key.display(), certificates.display())]
    Mismatch { key: PathBuf, certificates: PathBuf },
    #[error("TLS: {0}")]
    Protocol(rustls::Error),
}

/// A certificate with those of its issuers and its private key.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// From then on clients refuse it.
    pub expires_at: Timestamp,
}

impl Certificate {
    /// Reads both files (PEM), and makes sure that they belong together. The certificate of the server comes first.
    pub fn read(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let unusable = |cause: String| TlsError::Certificates { path: certificates.to_owned(), cause };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(error.to_string()))?;
        let first = chain.first().ok_or_else(|| unusable("there is none".to_owned()))?;
        let expires_at = expiry(first).map_err(unusable)?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::Key { path: key.to_owned(), cause: error.to_string() })?;
        let certified = CertifiedKey::from_der(chain, private, &ring::default_provider());
        let certified = certified.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::Mismatch { key: key.to_owned(), certificates: certificates.to_owned() }
            }
            rustls::Error::InvalidCertificate(error) => unusable(error.to_string()),
            error => TlsError::Key { path: key.to_owned(), cause: error.to_string() },
        })?;
        Ok(Self { key: Arc::new(certified), expires_at })
    }

    /// Whether it is the same one, with the same issuers.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.key.cert == other.key.cert
    }
}

fn expiry(certificate: &CertificateDer<'_>) -> Result<Timestamp, String> {
    let (_, parsed) = parse_x509_certificate(certificate).map_err(|error| error.to_string())?;
    let seconds = parsed.validity().not_after.timestamp();
    chrono::Utc.timestamp_opt(seconds, 0).single().ok_or_else(|| "it ends at no time".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A self-signed certificate and its key.
    fn pair() -> [String; 2] {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        [pair.cert.pem(), pair.signing_key.serialize_pem()]
    }

    fn read(certificate: &str, key: &str) -> Result<Certificate, String> {
        let directory = tempfile::tempdir().unwrap();
        let [certificates, private] = [("cert.pem", certificate), ("key.pem", key)].map(|(name, text)| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path
        });
        Certificate::read(&certificates, &private).map_err(|error| error.to_string())
    }

    #[test]
    fn a_certificate_and_its_key_are_read() {
        let [certificate, key] = pair();
        let found = read(&certificate, &key).unwrap();
        assert_eq!(found.expires_at, chrono::Utc.with_ymd_and_hms(4096, 1, 1, 0, 0, 0).unwrap());
        assert!(found.is(&read(&certificate, &key).unwrap()));
        assert_eq!(read(&format!("{certificate}{certificate}"), &key).unwrap().key.cert.len(), 2);
    }

    #[test]
    fn it_is_said_what_is_wrong_and_with_which_file() {
        let ([certificate, key], [_, other_key]) = (pair(), pair());
        let refusals = [
            (read(&certificate, &other_key), "key.pem is not that of the certificate in "),
            (read("", &key), "cert.pem: there is none"),
            (read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key), "the certificates in "),
            (read(&certificate, ""), "key.pem: no items found"),
            (read(&certificate, &certificate), "the private key in "),
        ];
        for (outcome, words) in refusals {
            let text = outcome.unwrap_err();
            assert!(text.contains(words), "no {words}: {text}");
        }
        let missing = Certificate::read(Path::new("missing.pem"), Path::new("missing.key")).unwrap_err();
        assert!(missing.to_string().contains("missing.pem"), "{missing}");
    }
}
