//! Typed ids: UUIDv7 values that cannot be mistaken for one another.

use std::fmt;

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn new(value: Uuid) -> Self {
                Self(value)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    OrganizationId,
    UserId,
    SessionId,
    TokenId,
    InvitationId,
    TeamId,
    ProjectId,
    TaskId,
    NotificationId,
    AuditEntryId,
    EventId,
    AccountRequestId,
    SignInChallengeId,
    PasskeyId,
    CustomRoleId,
    DomainId,
    SignInCodeId,
    IdentityProviderId,
    ExternalIdentityId,
}
