use std::path::PathBuf;

use super::key::{self, Key};
use super::reader::Reader;

/// The files of a certificate and of its private key, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate of the server first, then those of who issued it.
    pub certificates: PathBuf,
    pub key: PathBuf,
}

/// Both, or none.
pub(super) fn tls_files(reader: &mut Reader) -> Option<TlsFiles> {
    let certificates = path(reader, key::TLS_CERT);
    let private = path(reader, key::TLS_KEY);
    match (certificates, private) {
        (Some(certificates), Some(key)) => Some(TlsFiles { certificates, key }),
        (Some(_), None) if reader.text(key::TLS_KEY).is_none() => {
            reader.missing(key::TLS_KEY, "set it to the file of the private key of TENON_TLS_CERT");
            None
        }
        (None, Some(_)) if reader.text(key::TLS_CERT).is_none() => {
            reader.missing(key::TLS_CERT, "set it to the file of the certificate of TENON_TLS_KEY, and of its issuers");
            None
        }
        _ => None,
    }
}

/// The path of a PEM file.
pub(super) fn path(reader: &mut Reader, key: Key) -> Option<PathBuf> {
    reader.parse(key, |text| {
        // Who pastes a key itself would read it again in every message about a missing file.
        if text.contains("-----BEGIN") {
            Err("write the path of a PEM file".to_owned())
        } else {
            Ok(PathBuf::from(text))
        }
    })
}
