use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message as Email};
use tenon_application::ports::{MailError, Message};

use super::MailSetupError;

/// Whom all emails come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    /// Reads `Tenon <tenon@example.com>` or `tenon@example.com`.
    pub fn parse(raw: &str) -> Result<Self, MailSetupError> {
        raw.parse().map(Self).map_err(|error: lettre::address::AddressError| MailSetupError::Sender(error.to_string()))
    }

    /// The complete email (RFC 5322): a text and an HTML alternative. Its `Message-ID` is made from the message's id,
    /// so that a mailbox recognizes a second delivery.
    pub(super) fn compose(&self, message: &Message) -> Result<Email, MailError> {
        let refused = |error: &dyn std::error::Error| MailError::Refused(error.to_string());
        let address: Address =
            message.to_address.parse().map_err(|error: lettre::address::AddressError| refused(&error))?;
        Email::builder()
            .from(self.0.clone())
            .to(Mailbox::new(message.to_name.clone(), address))
            .subject(message.subject.clone())
            .message_id(Some(format!("<{}@{}>", checked_id(message)?, self.0.email.domain())))
            .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
            .map_err(|error| refused(&error))
    }
}

/// The message's id, which becomes a header and a file name.
pub(super) fn checked_id(message: &Message) -> Result<&str, MailError> {
    let id = message.id.as_str();
    let harmless = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if (1..=120).contains(&id.len()) && harmless && !id.starts_with('.') {
        Ok(id)
    } else {
        Err(MailError::Refused(format!("the message id {id:?} holds more than letters, digits, dots and dashes")))
    }
}
