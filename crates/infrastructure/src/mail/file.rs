use std::path::PathBuf;
use std::{fs, io};

use async_trait::async_trait;
use tenon_application::ports::{MailError, Mailer, Message};

use super::Sender;
use super::compose::checked_id;
use crate::security::random_name;

/// Writes every email to `<directory>/<message id>.eml`. Sending the same message again replaces its file.
#[derive(Clone, Debug)]
pub struct FileMailer {
    directory: PathBuf,
    sender: Sender,
}

impl FileMailer {
    /// The directory is made when the first email is sent.
    pub fn new(directory: impl Into<PathBuf>, sender: Sender) -> Self {
        Self { directory: directory.into(), sender }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let id = checked_id(message)?;
        let email = self.sender.compose(message)?.formatted();
        let target = self.directory.join(format!("{id}.eml"));
        // Written aside and renamed: nobody reads half an email.
        let draft = self.directory.join(format!(".{id}.{}.tmp", random_name()));
        let directory = self.directory.clone();
        let write = move || -> io::Result<()> {
            let written = match fs::write(&draft, &email) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(&directory).and_then(|()| fs::write(&draft, &email))
                }
                written => written,
            };
            let written = written.and_then(|()| fs::rename(&draft, &target));
            if written.is_err() {
                // The draft may not even exist; the first error is the one that matters.
                fs::remove_file(&draft).ok();
            }
            written
        };
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(MailError::Unavailable(format!("writing to {}: {error}", self.directory.display()))),
            Err(error) => Err(MailError::Unavailable(error.to_string())),
        }
    }
}
