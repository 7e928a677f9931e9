//! Email: rendered from templates, and sent to files, over SMTP or through Amazon SES.

mod advice;
mod compose;
mod file;
mod renderer;
mod ses;
mod smtp;

pub use compose::Sender;
pub use file::FileMailer;
pub use renderer::TemplateRenderer;
pub use ses::{SesCredentials, SesMailer, SesOptions};
pub use smtp::SmtpMailer;

/// Why a mailer or the renderer could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailSetupError {
    #[error("the sender's address is malformed: {0}")]
    Sender(String),
    #[error("the SMTP address is malformed: {0}")]
    SmtpUrl(String),
    #[error("the mail client cannot be set up: {0}")]
    Client(String),
    #[error("a mail template is broken: {0}")]
    Template(String),
}
