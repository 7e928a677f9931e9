//! The end of a command: its commit, and who has to hear of it.

use std::time::Duration;

use tenon_domain::UserId;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::App;
use crate::command::Effect;
use crate::documents::Touched;
use crate::error::AppError;
use crate::unit_of_work::{StoreError, UnitOfWork};

/// How long a commit is waited for whose caller was told already that nobody knows how it ends. Then its connection is
/// closed.
const LONGEST_COMMIT: Duration = Duration::from_secs(60);

/// What follows from a commit.
struct Conclusion {
    app: App,
    author: Option<UserId>,
    touched: Vec<Touched>,
    effects: Vec<Effect>,
}

impl App {
    /// Commits and does what follows from it before anybody is answered, in a task of its own: a caller who hangs up
    /// in the middle must not keep a committed logout from being announced.
    pub(super) async fn conclude(&self, unit: Box<dyn UnitOfWork>, effects: Vec<Effect>) -> Result<(), AppError> {
        let (author, touched) = (unit.author(), unit.touched());
        let conclusion = Conclusion { app: self.clone(), author, touched, effects };
        let (tell, told) = oneshot::channel();
        tokio::spawn(conclusion.run(unit, tell).in_current_span());
        told.await.map_err(|_| AppError::Internal("committing: it ended without an outcome".to_owned()))?
    }
}

impl Conclusion {
    async fn run(self, unit: Box<dyn UnitOfWork>, tell: oneshot::Sender<Result<(), AppError>>) {
        let mut commit = unit.commit();
        let in_time = async { Ok::<_, StoreError>((&mut commit).await) };
        let gone = match self.app.availability.within_reach(in_time).await {
            Ok(committed) => {
                // Who has hung up needs no answer.
                drop(tell.send(self.follow(committed).await));
                return;
            }
            Err(gone) => gone,
        };
        self.forget().await;
        drop(tell.send(Err(gone.clone().into())));
        // It may yet be done, after others have looked and found nothing.
        let committed = tokio::time::timeout(LONGEST_COMMIT, commit).await.unwrap_or(Err(gone));
        if let Err(error) = self.follow(committed).await {
            tracing::warn!(%error, "nobody knows how a commit ended");
        }
    }

    async fn follow(&self, committed: Result<bool, StoreError>) -> Result<(), AppError> {
        let app = &self.app;
        if let (Some(replica), Some(user)) = (&app.replica, self.author) {
            replica.note_write(user).await;
        }
        match committed {
            Ok(recorded) => {
                app.documents.forget(&self.touched).await;
                if recorded {
                    app.relay.wake();
                }
                for effect in &self.effects {
                    app.apply(effect).await;
                }
                Ok(())
            }
            Err(error) => {
                // It may have succeeded without our hearing of it.
                self.forget().await;
                Err(error.into())
            }
        }
    }

    /// Has the next who ask for what was changed look in the database.
    async fn forget(&self) {
        self.app.documents.forget(&self.touched).await;
        self.app.sessions.forget(&self.effects).await;
    }
}
