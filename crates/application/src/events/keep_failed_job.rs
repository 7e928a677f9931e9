use async_trait::async_trait;

use super::{EventRecord, FailedJob};
use crate::command::{Command, Work};
use crate::error::AppError;
use crate::token_access::TokenAccess;

/// Keeps a job that was given up, and notes its receipt, so that the event is not handed out again until somebody
/// asks for it.
#[derive(Clone, Debug)]
pub struct KeepFailedJob {
    pub subscriber: String,
    pub event: EventRecord,
    pub error: String,
}

#[async_trait]
impl Command for KeepFailedJob {
    type Output = ();
    const NAME: &'static str = "job.keep_failed";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<(), AppError> {
        // Another delivery of the same event may have succeeded meanwhile; then nothing has failed.
        if !work.unit().receipts().note(self.event.id.into(), &self.subscriber).await? {
            return Ok(());
        }
        let failed = FailedJob {
            subscriber: self.subscriber.clone(),
            event: self.event.clone(),
            error: self.error.clone(),
            failed_at: work.now(),
        };
        Ok(work.unit().receipts().note_failure(&failed).await?)
    }
}
