use tenon_domain::identity::UserState;
use tenon_domain::{Timestamp, UserId, Version};

/// A user as they read themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserView {
    pub id: UserId,
    pub email: String,
    pub display_name: String,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl From<UserState> for UserView {
    fn from(state: UserState) -> Self {
        Self {
            id: state.id,
            email: state.email.to_string(),
            display_name: state.display_name.into_string(),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        }
    }
}
