use async_trait::async_trait;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::Email;
use tenon_domain::{OrganizationId, SessionId, UserId};

use super::data::MemoryStore;
use crate::identity::{Credentials, IdentityQueries, SessionFacts, UserView};
use crate::unit_of_work::StoreError;

#[async_trait]
impl IdentityQueries for MemoryStore {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let data = self.data();
        let found = data.users.iter().find(|it| it.email == *email);
        Ok(found.map(|it| Credentials { user_id: it.id, password_hash: it.password_hash.clone() }))
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError> {
        let data = self.data();
        let found = data.sessions.iter().find(|it| it.id == id);
        Ok(found.map(|it| SessionFacts {
            user_id: it.user_id,
            expires_at: it.expires_at,
            revoked: it.revoked_at.is_some(),
        }))
    }

    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>, StoreError> {
        let data = self.data();
        let found = data.members.iter().find(|(org, it)| *org == organization && it.user_id == user);
        Ok(found.map(|(_, it)| it.role))
    }

    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError> {
        Ok(self.data().users.iter().find(|it| it.id == id).cloned().map(UserView::from))
    }
}
