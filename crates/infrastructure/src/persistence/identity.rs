//! Users, and what signing in asks. They belong to no tenant.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    Select,
};
use tenon_application::identity::{
    Credentials, IdentityQueries, SecondFactorsView, SessionFacts, SessionView, SubjectFacts, TokenFacts, TokenSubject,
    UserContact, UserRepository, UserView,
};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted};
use tenon_domain::access::{OrganizationAccess, Permissions};
use tenon_domain::identity::{AccountRequest, DisplayName, Email, PasswordHash, User, UserKind, UserState};
use tenon_domain::{AccountRequestId, CustomRoleId, OrganizationId, SessionId, Timestamp, TokenId, UserId};
use uuid::Uuid;

use super::account_requests::account_request_state;
use super::entities::{account_request, session, user};
use super::error::Stored;
use super::rows::named;
use super::unit_of_work::SqlUnitOfWork;
use super::versioned;
use super::{ROWS_PER_STATEMENT, SqlQueries};

fn user_state(row: user::Model) -> UserState {
    UserState {
        id: row.id.into(),
        // Whatever else a later release may know: it is no person who signs in.
        kind: UserKind::parse(&row.kind).unwrap_or(UserKind::Service),
        email: Email::restore(row.email),
        display_name: DisplayName::restore(row.display_name),
        password_hash: PasswordHash::new(row.password_hash),
        email_verified_at: row.email_verified_at,
        deleted_at: row.deleted_at,
        deactivated_at: row.deactivated_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

/// The user, unless the account is deleted: what is left of it is nobody's to change.
fn present(id: UserId) -> Select<user::Entity> {
    user::Entity::find_by_id(id.uuid()).filter(user::Column::DeletedAt.is_null())
}

/// Who has this address. Those of service accounts and of deleted users lead nowhere.
fn person(email: &Email) -> Condition {
    let is_person = user::Column::Kind.eq(UserKind::Person.as_str());
    let is_there = user::Column::DeletedAt.is_null();
    Condition::all().add(user::Column::Email.eq(email.as_str())).add(is_person).add(is_there)
}

#[async_trait]
impl UserRepository for SqlUnitOfWork {
    async fn find(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = present(id).one(&self.transaction).await.stored()?;
        Ok(row.map(user_state).map(User::restore))
    }

    async fn find_locked(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = present(id).lock(self.row_lock()).one(&self.transaction).await.stored()?;
        Ok(row.map(user_state).map(User::restore))
    }

    async fn find_by_email(&mut self, email: &Email) -> Result<Option<User>, StoreError> {
        let row = user::Entity::find().filter(person(email)).one(&self.transaction).await.stored()?;
        Ok(row.map(user_state).map(User::restore))
    }

    async fn replace_hash(&mut self, user: UserId, old: &PasswordHash, new: PasswordHash) -> Result<(), StoreError> {
        user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::val(new.as_str()))
            .filter(user::Column::Id.eq(user.uuid()))
            .filter(user::Column::PasswordHash.eq(old.as_str()))
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(())
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
            kind: state.kind.as_str().to_owned(),
            email: state.email.to_string(),
            display_name: state.display_name.to_string(),
            password_hash: state.password_hash.as_str().to_owned(),
            email_verified_at: state.email_verified_at,
            deleted_at: state.deleted_at,
            deactivated_at: state.deactivated_at,
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
                email_verified_at: Set(row.email_verified_at),
                deleted_at: Set(row.deleted_at),
                deactivated_at: Set(row.deactivated_at),
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
    let contact = |(id, display_name, email): (Uuid, _, _)| UserContact { id: id.into(), display_name, email };
    let mut found = Vec::new();
    for some in ids.chunks(ROWS_PER_STATEMENT) {
        let rows: Vec<(Uuid, String, String)> = user::Entity::find()
            .select_only()
            .columns([user::Column::Id, user::Column::DisplayName, user::Column::Email])
            .filter(user::Column::Id.is_in(some.iter().map(|id| id.uuid())))
            .filter(user::Column::DeletedAt.is_null())
            .into_tuple()
            .all(connection)
            .await
            .stored()?;
        found.extend(rows.into_iter().map(contact));
    }
    Ok(found)
}

#[async_trait]
impl IdentityQueries for SqlQueries {
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, StoreError> {
        use user::Column;
        let row: Option<(Uuid, String, Option<Timestamp>, i64)> = user::Entity::find()
            .select_only()
            .columns([Column::Id, Column::PasswordHash, Column::EmailVerifiedAt, Column::Version])
            .filter(person(email))
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(row.map(|(id, hash, verified_at, version)| Credentials {
            user_id: id.into(),
            password_hash: PasswordHash::new(hash),
            email_verified: verified_at.is_some(),
            version,
        }))
    }

    async fn session(&self, id: SessionId) -> Result<Option<SessionFacts>, StoreError> {
        let row: Option<(Uuid, Timestamp, Option<Timestamp>)> = session::Entity::find_by_id(id.uuid())
            .select_only()
            .columns([session::Column::UserId, session::Column::ExpiresAt, session::Column::RevokedAt])
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        Ok(row.map(|(user, expires_at, revoked_at)| SessionFacts {
            user_id: user.into(),
            expires_at,
            revoked: revoked_at.is_some(),
        }))
    }

    async fn sessions(
        &self,
        user: UserId,
        current: Option<SessionId>,
        now: Timestamp,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<SessionView>, StoreError> {
        self.page_of_sessions(user, current, now, request).await
    }

    async fn role(&self, organization: OrganizationId, user: UserId) -> Result<Option<OrganizationAccess>, StoreError> {
        self.access_of(organization, user).await
    }

    async fn custom_role(
        &self,
        organization: OrganizationId,
        id: CustomRoleId,
    ) -> Result<Option<Permissions>, StoreError> {
        self.permissions_of_role(organization, id).await
    }

    async fn account_request(&self, id: AccountRequestId) -> Result<Option<AccountRequest>, StoreError> {
        let row = account_request::Entity::find_by_id(id.uuid())
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        row.map(account_request_state).transpose().map(|state| state.map(AccountRequest::restore))
    }

    async fn user(&self, id: UserId) -> Result<Option<UserView>, StoreError> {
        let row = user::Entity::find_by_id(id.uuid()).one(&self.database.primary(Scope::Deployment)).await.stored()?;
        Ok(row.map(user_state).map(UserView::from))
    }

    async fn contacts(&self, ids: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        contacts(&self.database.primary(Scope::Deployment), ids).await
    }

    async fn token(&self, id: TokenId) -> Result<Option<TokenFacts>, StoreError> {
        self.token_facts(id).await
    }

    async fn subject(&self, subject: &TokenSubject) -> Result<Option<SubjectFacts>, StoreError> {
        self.subject_of(subject).await
    }

    async fn kind(&self, user: UserId) -> Result<Option<UserKind>, StoreError> {
        let kind: Option<String> = user::Entity::find_by_id(user.uuid())
            .select_only()
            .column(user::Column::Kind)
            .into_tuple()
            .one(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        kind.map(|kind| named("kind of user", &kind, UserKind::parse)).transpose()
    }

    async fn second_factors(&self, user: UserId) -> Result<SecondFactorsView, StoreError> {
        self.second_factors_of(user).await
    }

    async fn requires_mfa(&self, organization: OrganizationId) -> Result<bool, StoreError> {
        self.mfa_is_required_by(organization).await
    }
}
