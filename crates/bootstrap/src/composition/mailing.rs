use std::sync::Arc;

use tenon_application::ports::Mailer;
use tenon_infrastructure::mail::{FileMailer, Sender, SesMailer, SesOptions, SmtpMailer};

use crate::config::{Config, MailTransport};
use crate::failure::Failure;

/// The way emails leave.
pub(super) async fn mailer(config: &Config) -> Result<Arc<dyn Mailer>, Failure> {
    let sender = Sender::parse(&config.mail.from)?;
    Ok(match &config.mail.transport {
        MailTransport::Files => {
            if !config.embedded() {
                tracing::warn!(directory = %config.mail_dir().display(), "emails are written to files: set TENON_MAIL");
            }
            Arc::new(FileMailer::new(config.mail_dir(), sender))
        }
        MailTransport::Smtp(url) => Arc::new(SmtpMailer::new(url.expose(), sender)?),
        MailTransport::Ses { endpoint, region } => {
            let options = SesOptions { region: region.clone(), endpoint_url: endpoint.clone() };
            Arc::new(SesMailer::connect(options, sender).await)
        }
    })
}
