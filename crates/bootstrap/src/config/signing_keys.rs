use std::fs;
use std::path::{Path, PathBuf};

use tenon_infrastructure::security::TokenKey;

use super::key;
use super::problem::{ConfigError, Problem};

const REMEDY: &str = "write the paths of PEM files, separated by commas: first that of the private key that signs, \
                      such as tenon keys generate prints";

/// The files of the keys that access tokens are signed and verified with. The first one signs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeyFiles(Vec<PathBuf>);

pub(super) fn signing_key_files(text: &str) -> Result<SigningKeyFiles, String> {
    let paths: Vec<&str> = text.split(',').map(str::trim).collect();
    // Who pastes a key itself would read it again in every message about a missing file.
    if paths.iter().any(|path| path.is_empty() || path.contains("-----BEGIN")) {
        return Err(REMEDY.to_owned());
    }
    Ok(SigningKeyFiles(paths.into_iter().map(PathBuf::from).collect()))
}

impl SigningKeyFiles {
    /// The keys, the one that signs first. Says at once what is wrong with any of the files.
    pub fn read(&self) -> Result<Vec<TokenKey>, ConfigError> {
        let (mut keys, mut problems) = (Vec::<TokenKey>::new(), Vec::new());
        for (place, path) in self.0.iter().enumerate() {
            let fault = match read(path) {
                Ok(key) if place == 0 && !key.can_sign() => "put a private key first: that one signs".to_owned(),
                Ok(key) if keys.iter().any(|other| other.id() == key.id()) => "name each key once".to_owned(),
                Ok(key) => {
                    keys.push(key);
                    continue;
                }
                Err(fault) => fault,
            };
            problems.push(Problem {
                name: key::SIGNING_KEYS.variable(),
                value: Some(format!("{path:?}")),
                source: None,
                remedy: fault,
            });
        }
        if problems.is_empty() { Ok(keys) } else { Err(ConfigError(problems)) }
    }
}

fn read(path: &Path) -> Result<TokenKey, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("make it a file that can be read ({error})"))?;
    TokenKey::from_pem(&text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use tenon_infrastructure::security::TokenKeyKind;

    use super::*;

    #[test]
    fn the_files_keep_their_order() {
        let files = SigningKeyFiles(vec![PathBuf::from("new.pem"), PathBuf::from("/run/keys/old.pem")]);
        assert_eq!(signing_key_files("new.pem, /run/keys/old.pem"), Ok(files));
        for text in ["a.pem,", ",", "-----BEGIN PRIVATE KEY-----\nhunter2"] {
            assert_eq!(signing_key_files(text), Err(REMEDY.to_owned()), "{text}");
        }
        assert_eq!(SigningKeyFiles::default().read().unwrap().len(), 0);
    }

    #[test]
    fn everything_that_is_wrong_with_files_is_said_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n\
            -----END PUBLIC KEY-----\n";
        let (public, broken) = (file("public.pem", public), file("broken.pem", "hunter2"));
        let private = file("private.pem", &TokenKey::generate(TokenKeyKind::P256).unwrap());
        let missing = directory.path().join("missing.pem");

        let keys = SigningKeyFiles(vec![private.clone(), public.clone()]).read().unwrap();
        assert_eq!(keys.iter().map(TokenKey::can_sign).collect::<Vec<_>>(), [true, false]);

        let files = SigningKeyFiles(vec![public, private.clone(), private, broken, missing]);
        let text = files.read().unwrap_err().to_string();
        assert!(text.starts_with("the configuration has 4 problems:"), "{text}");
        for words in
            ["public.pem\": put a private key first", "private.pem\": name each key once", "(PKCS#8)", "missing.pem"]
        {
            assert!(text.contains(words), "no {words}: {text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}
