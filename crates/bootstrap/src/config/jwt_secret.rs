//! The key that access tokens are signed with, made once when nobody gives one.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rand::RngExt;

use super::secret::Secret;

/// The shortest acceptable secret: 256 bits if each character carried eight.
pub(super) const MIN_CHARS: usize = 32;

/// Where the signing key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwtSecret {
    Given(Secret),
    /// Kept in this file, which is made on first use.
    InFile(PathBuf),
}

impl JwtSecret {
    /// The secret; makes the file when it is not there yet.
    pub fn obtain(&self) -> io::Result<Secret> {
        match self {
            Self::Given(secret) => Ok(secret.clone()),
            Self::InFile(path) => match read(path)? {
                Some(secret) => Ok(secret),
                None => make(path),
            },
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Secret>> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().chars().count() >= MIN_CHARS => Ok(Some(Secret::new(text.trim()))),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} holds fewer than {MIN_CHARS} characters: delete it to have a new one made", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file of its own and links it into place: whoever is first wins, and nobody ever reads half a secret.
fn make(path: &Path) -> io::Result<Secret> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let random: [u8; 32] = rand::rng().random();
    let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let draft = path.with_extension(format!("secret.{}", &text[..8]));
    let written = write_private(&draft, &text).and_then(|()| fs::hard_link(&draft, path));
    let removed = fs::remove_file(&draft);
    match written {
        Ok(()) => removed.map(|()| Secret::new(text)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        }
        Err(error) => Err(error),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_is_made_once_and_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data/jwt.secret");
        let source = JwtSecret::InFile(path.clone());
        let secrets: Vec<String> = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..8).map(|_| scope.spawn(|| source.obtain().unwrap())).collect();
            tasks.into_iter().map(|task| task.join().unwrap().expose().to_owned()).collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]), "{secrets:?}");
        assert_eq!(secrets[0].len(), 64);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jwt.secret");
        fs::write(&path, "short").unwrap();
        assert!(JwtSecret::InFile(path).obtain().unwrap_err().to_string().contains("delete it"));
    }
}
