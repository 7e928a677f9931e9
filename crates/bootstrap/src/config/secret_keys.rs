use tenon_infrastructure::security::SecretKey;

const REMEDY: &str = "write <id>:<key>, the newest first, separated by commas: an id of small letters, digits and hyphens, \
                      and a key from openssl rand -base64 32";

/// The keys that stored secrets are encrypted with, the newest first.
pub(super) fn secret_keys(text: &str) -> Result<Vec<SecretKey>, String> {
    let keys: Result<Vec<_>, _> = text.split(',').map(|key| SecretKey::parse(key.trim())).collect();
    let keys = keys.map_err(|_| REMEDY.to_owned())?;
    let is_known = |(place, key): &(usize, &SecretKey)| keys[..*place].iter().any(|earlier| earlier.id() == key.id());
    match keys.iter().enumerate().find(is_known) {
        Some((_, twice)) => Err(format!("give each key an id of its own: two are called {}", twice.id())),
        None => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn ids(text: &str) -> Result<Vec<String>, String> {
        secret_keys(text).map(|keys| keys.iter().map(|key| key.id().to_owned()).collect())
    }

    #[test]
    fn the_newest_key_comes_first() {
        assert_eq!(ids(&format!("2026:{ONE}")), Ok(vec!["2026".to_owned()]));
        assert_eq!(ids(&format!("b:{ONE}, a:{ONE}")), Ok(vec!["b".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in [ONE.to_owned(), format!("a:{ONE},"), "a:hunter2".to_owned(), format!("A:{ONE}")] {
            assert_eq!(ids(&text), Err(REMEDY.to_owned()), "{text}");
        }
        assert!(ids(&format!("a:{ONE},b:{ONE},a:{ONE}")).unwrap_err().contains("two are called a"));
    }
}
