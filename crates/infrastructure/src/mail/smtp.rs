use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tenon_application::ports::{MailError, Mailer, Message};

use super::{MailSetupError, Sender};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than any exchange that still makes progress.
const DEADLINE: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: u32 = 4;

/// Sends over SMTP, on a few connections that are kept open.
#[derive(Clone, Debug)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    sender: Sender,
}

impl SmtpMailer {
    /// `url` is `smtp://user:password@host:port`, with `?tls=required` or `?tls=opportunistic` for STARTTLS, or
    /// `smtps://…` for TLS from the start. Connects when the first email is sent. Needs a Tokio runtime.
    pub fn new(url: &str, sender: Sender) -> Result<Self, MailSetupError> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| MailSetupError::SmtpUrl(error.to_string()))?
            .timeout(Some(TIMEOUT))
            .pool_config(PoolConfig::new().max_size(MAX_CONNECTIONS))
            .build();
        Ok(Self { transport, sender })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let email = self.sender.compose(message)?;
        match tokio::time::timeout(DEADLINE, self.transport.send(email)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(classify(&error)),
            Err(_) => Err(MailError::Unavailable(format!("no answer within {} s", DEADLINE.as_secs()))),
        }
    }
}

fn classify(error: &Error) -> MailError {
    let text = causes(error);
    if error.is_permanent() && !is_about_us(error) { MailError::Refused(text) } else { MailError::Unavailable(text) }
}

/// Refused credentials say nothing about the email: it can be sent once the operator has put them right.
fn is_about_us(error: &Error) -> bool {
    error.status().is_some_and(|status| matches!(u16::from(status), 530 | 534 | 535 | 538))
}

/// The error with its causes, which lettre leaves out of its text.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
