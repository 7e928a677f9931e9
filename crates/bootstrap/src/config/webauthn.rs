use tenon_infrastructure::security::WebauthnSettings;
use url::{Host, Url};

use super::build::origins;
use super::key;
use super::reader::Reader;

/// What passkeys are bound to. Whether the two go together with each other and the public address is found out when that is
/// known.
pub(super) fn webauthn(reader: &mut Reader) -> WebauthnSettings {
    let rp_id = reader.parse(key::WEBAUTHN_RP_ID, domain);
    let origins = reader.parse(key::WEBAUTHN_ORIGINS, |text| {
        let origins = origins(text)?;
        Ok(origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect())
    });
    WebauthnSettings { rp_id, origins: origins.unwrap_or_default() }
}

/// A domain as it is in the addresses of its pages.
fn domain(text: &str) -> Result<String, String> {
    match Host::parse(text) {
        Ok(Host::Domain(domain)) if domain == text => Ok(domain),
        _ => Err("write a domain in small letters, without a scheme or port, such as tenon.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_name_and_nothing_else() {
        for name in ["localhost", "tenon.example.com", "xn--bcher-kva.example"] {
            assert_eq!(domain(name).as_deref(), Ok(name));
        }
        for other in ["https://tenon.example.com", "example.com:8443", "127.0.0.1", "[::1]", "Example.com", "a b", ""] {
            assert!(domain(other).is_err(), "{other}");
        }
    }
}
