//! Push messages to devices.

use async_trait::async_trait;
use tenon_application::ports::{MailError, PushMessage, PushSender};

/// Knows no way to reach a device, so no device is registered and there is nobody to send to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPushChannels;

#[async_trait]
impl PushSender for NoPushChannels {
    async fn send(&self, message: &PushMessage) -> Result<(), MailError> {
        tracing::trace!(user = %message.user, "no push channel is set up");
        Ok(())
    }
}
