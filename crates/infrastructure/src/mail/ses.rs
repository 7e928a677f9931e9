use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_sdk_sesv2::Client;
pub use aws_sdk_sesv2::config::Credentials as SesCredentials;
use aws_sdk_sesv2::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use aws_smithy_http_client::tls;
use tenon_application::ports::{MailError, Mailer, Message};

use super::Sender;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(25);

/// Where Amazon SES is. What is left out comes from the AWS environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SesOptions {
    pub region: Option<String>,
    /// Another address than Amazon's, for an emulator.
    pub endpoint_url: Option<String>,
}

/// Sends through Amazon SES, with the credentials of the AWS default chain.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    sender: Sender,
}

impl SesMailer {
    /// Looks for the credentials in the AWS default chain.
    pub async fn connect(options: SesOptions, sender: Sender) -> Self {
        Self { client: Client::new(&loader(options).load().await), sender }
    }

    /// With these credentials, whatever the environment says.
    pub async fn connect_as(credentials: SesCredentials, options: SesOptions, sender: Sender) -> Self {
        let config = loader(options).credentials_provider(credentials).load().await;
        Self { client: Client::new(&config), sender }
    }
}

fn loader(options: SesOptions) -> ConfigLoader {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(TIMEOUT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(2));
    if let Some(region) = options.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    loader
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let email = self.sender.compose(message)?.formatted();
        let raw = RawMessage::builder()
            .data(Blob::new(email))
            .build()
            .map_err(|error| MailError::Refused(error.to_string()))?;
        let sent = self
            .client
            .send_email()
            .destination(Destination::builder().to_addresses(&message.to_address).build())
            .content(EmailContent::builder().raw(raw).build())
            .send()
            .await;
        sent.map(|_| ()).map_err(|error| classify(&error))
    }
}

/// Only what SES says about the email itself is final; an account that is paused or unverified can be put right.
fn classify(error: &SdkError<SendEmailError>) -> MailError {
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    };
    match error.as_service_error() {
        Some(SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_)) => MailError::Refused(text),
        _ => MailError::Unavailable(text),
    }
}
