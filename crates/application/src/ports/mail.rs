use async_trait::async_trait;
use tenon_domain::UserId;

/// An email, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Stable for one intended email, so that a second delivery can be recognized (`Message-ID`, file name).
    pub id: String,
    pub to_address: String,
    pub to_name: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Trying again later may help.
    #[error("mail service unavailable: {0}")]
    Unavailable(String),
    /// Trying again will not help (a malformed address, say).
    #[error("mail refused: {0}")]
    Refused(String),
}

/// Sends email.
#[async_trait]
pub trait Mailer: Send + Sync {
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}

/// A push message to all devices of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushMessage {
    pub user: UserId,
    pub title: String,
    pub body: String,
}

/// Sends push messages. Its channels come later; until then no device is registered and nothing is sent.
#[async_trait]
pub trait PushSender: Send + Sync {
    async fn send(&self, message: &PushMessage) -> Result<(), MailError>;
}
