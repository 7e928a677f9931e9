use tenon_application::secrets::{SecretArchive, SecretCipher};
use tenon_infrastructure::persistence::{Database, SqlSecretArchive};
use tenon_infrastructure::security::XChaChaSecretCipher;

use super::Finding;
use super::checks::within;
use crate::composition::{Schema, secret_cipher};
use crate::config::{Config, JwtSecret};

/// Whether every secret that is stored can be read, and with the newest key. Nothing is said as long as it is not known
/// where they are, or before there is anything they could be encrypted with.
pub(super) async fn check(config: &Config, database: &Database) -> Option<Finding> {
    let state = within(async { Schema::new(database).state().await.map_err(|error| error.to_string()) }).await.ok()?;
    let has_secret = match &config.jwt_secret {
        JwtSecret::Given(_) => true,
        JwtSecret::InFile(path) => path.exists(),
    };
    if state.pending() > 0 || !has_secret {
        return None;
    }
    let archive = SqlSecretArchive::new(database.clone());
    let counted = within(async { archive.count_by_key().await.map_err(|error| error.to_string()) }).await;
    let outcome = match (secret_cipher(config), counted) {
        (Ok(cipher), Ok(counts)) => verdict(&cipher, &counts),
        (Err(error), _) => Err(error.to_string()),
        (_, Err(error)) => Err(error),
    };
    let remedy = "put the key back into TENON_SECRET_KEYS: docs/operations/runbooks/key-rotation.md";
    Some(Finding::new("secrets", outcome, remedy))
}

fn verdict(cipher: &XChaChaSecretCipher, counts: &[(String, u64)]) -> Result<String, String> {
    let lost: Vec<&str> = counts.iter().map(|(key, _)| key.as_str()).filter(|key| !cipher.has_key(key)).collect();
    if !lost.is_empty() {
        return Err(format!("some are encrypted with a key that is gone: {}", lost.join(", ")));
    }
    let newest = cipher.newest_key();
    let (total, older) = counts.iter().fold((0_u64, 0_u64), |(total, older), (key, count)| {
        (total + count, if key == newest { older } else { older + count })
    });
    Ok(match older {
        0 => format!("{total} are stored, all encrypted with the key {newest}"),
        older => format!("{older} of {total} are encrypted with an older key than {newest}: run tenon secrets rotate"),
    })
}

#[cfg(test)]
mod tests {
    use tenon_infrastructure::security::{MasterSecret, SecretKey};

    use super::*;

    fn said(counts: &[(&str, u64)]) -> Result<String, String> {
        let key = SecretKey::parse("2026:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap();
        let cipher = XChaChaSecretCipher::new(&[key], &MasterSecret::new(&[7; 32]).unwrap());
        verdict(&cipher, &counts.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect::<Vec<_>>())
    }

    #[test]
    fn it_says_what_is_to_be_done() {
        assert_eq!(said(&[]).unwrap(), "0 are stored, all encrypted with the key 2026");
        assert_eq!(said(&[("2026", 3)]).unwrap(), "3 are stored, all encrypted with the key 2026");
        let old = said(&[("2026", 3), ("derived", 2)]).unwrap();
        assert_eq!(old, "2 of 5 are encrypted with an older key than 2026: run tenon secrets rotate");
        assert!(said(&[("2026", 3), ("2024", 1)]).unwrap_err().ends_with("gone: 2024"));
    }
}
