//! Audit: the append-only record of who did what, when and from where.
//!
//! Every domain event becomes one **audit entry**; so do sign-in attempts and denied permissions, which are events
//! too. Entries are never changed or deleted, which the database enforces.

use crate::text::named_enum;

named_enum! {
    /// Who can be the cause of something.
    ActorKind {
        User => "user",
        /// Somebody who has not signed in.
        Anonymous => "anonymous",
        /// Tenon itself.
        System => "system",
    }
}
