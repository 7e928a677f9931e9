//! Users and sessions. They belong to no tenant.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::identity::{
    Credentials, IdentityQueries, SessionFacts, SessionRepository, UserContact, UserRepository, UserView,
};
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    Client, DisplayName, Email, PasswordHash, Session, SessionState, TokenHash, User, UserState,
};
use tenon_domain::{OrganizationId, SessionId, Timestamp, UserId};
use uuid::Uuid;

use super::SqlQueries;
use super::entities::{member, session, user};
use super::error::Stored;
use super::rows::named;
use super::unit_of_work::SqlUnitOfWork;
use super::versioned;

fn user_state(row: user::Model) -> UserState {
    UserState {
        id: row.id.into(),
        email: Email::restore(row.email),
        display_name: DisplayName::restore(row.display_name),
        password_hash: PasswordHash::new(row.password_hash),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn session_state(row: session::Model) -> SessionState {
    SessionState {
        id: row.id.into(),
        user_id: row.user_id.into(),
        organization_id: row.org_id.into(),
        refresh_hash: TokenHash::new(row.refresh_hash),
        client: Client { address: row.address, user_agent: row.user_agent },
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

#[async_trait]
impl UserRepository for SqlUnitOfWork {
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = user::Entity::find_by_id(id.uuid()).one(&self.transaction).await.stored()?;
        Ok(row.map(user_state).map(User::restore))
    }

    async fn save(&mut self, user: User) -> Result<UserState, StoreError> {
        let (mut state, events) = user.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let read_version = state.version;
        state.version += 1;
        let row = user::Model {
            id: state.id.uuid(),
            email: state.email.to_string(),
            display_name: state.display_name.to_string(),
            password_hash: state.password_hash.as_str().to_owned(),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        };
        if read_version == 0 {
            user::Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = user::ActiveModel {
                email: Set(row.email),
                display_name: Set(row.display_name),
                password_hash: Set(row.password_hash),
                version: Set(row.version),
                updated_at: Set(row.updated_at),
                ..Default::default()
            };
            let unchanged =
                Condition::all().add(user::Column::Id.eq(row.id)).add(user::Column::Version.eq(read_version));
            versioned::update(&self.transaction, changed, unchanged).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn contacts(&mut self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        contacts(&self.transaction, ids).await
    }
}

async fn contacts(connection: &impl ConnectionTrait, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Uuid, String, String)> = user::Entity::find()
        .select_only()
        .columns([user::Column::Id, user::Column::DisplayName, user::Column::Email])
        .filter(user::Column::Id.is_in(ids.iter().map(|id| id.uuid())))
        .into_tuple()
        .all(connection)
        .await
        .stored()?;
    let contact = |(id, display_name, email): (Uuid, _, _)| UserContact { id: id.into(), display_name, email };
    Ok(rows.into_iter().map(contact).collect())
}

#[async_trait]
impl SessionRepository for SqlUnitOfWork {
    async fn find(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let row = session::Entity::find_by_id(id.uuid()).lock_exclusive().one(&self.transaction).await.stored()?;
        Ok(row.map(session_state).map(Session::restore))
    }

    /// Always writes: a rotated token is a change that no event tells of.
    async fn save(&mut self, session: Session) -> Result<(), StoreError> {
        use session::Column;
        let (state, events) = session.into_parts();
        let row = session::Model {
            id: state.id.uuid(),
            user_id: state.user_id.uuid(),
            org_id: state.organization_id.uuid(),
            refresh_hash: state.refresh_hash.as_str().to_owned(),
            address: state.client.address,
            user_agent: state.client.user_agent,
            created_at: state.created_at,
            last_used_at: state.last_used_at,
            expires_at: state.expires_at,
            revoked_at: state.revoked_at,
        };
        let mutable = [Column::OrgId, Column::RefreshHash, Column::LastUsedAt, Column::ExpiresAt, Column::RevokedAt];
        session::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(Column::Id).update_columns(mutable).to_owned())
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        self.stamp(events);
        Ok(())
    }
}

#[async_trait]
impl IdentityQueries for SqlQueries {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        let row: Option<(Uuid, String)> = user::Entity::find()
            .select_only()
            .columns([user::Column::Id, user::Column::PasswordHash])
            .filter(user::Column::Email.eq(email.as_str()))
            .into_tuple()
            .one(self.database.primary())
            .await
            .stored()?;
        Ok(row.map(|(id, hash)| Credentials { user_id: id.into(), password_hash: PasswordHash::new(hash) }))
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError> {
        let row: Option<(Uuid, Timestamp, Option<Timestamp>)> = session::Entity::find_by_id(id.uuid())
            .select_only()
            .columns([session::Column::UserId, session::Column::ExpiresAt, session::Column::RevokedAt])
            .into_tuple()
            .one(self.database.primary())
            .await
            .stored()?;
        Ok(row.map(|(user, expires_at, revoked_at)| SessionFacts {
            user_id: user.into(),
            expires_at,
            revoked: revoked_at.is_some(),
        }))
    }

    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationRole>, StoreError> {
        let role: Option<String> = member::Entity::find_by_id((organization.uuid(), user.uuid()))
            .select_only()
            .column(member::Column::Role)
            .into_tuple()
            .one(self.database.primary())
            .await
            .stored()?;
        role.map(|role| named("role", &role, OrganizationRole::parse)).transpose()
    }

    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError> {
        let row = user::Entity::find_by_id(id.uuid()).one(self.database.primary()).await.stored()?;
        Ok(row.map(user_state).map(UserView::from))
    }

    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        contacts(self.database.primary(), ids).await
    }
}
