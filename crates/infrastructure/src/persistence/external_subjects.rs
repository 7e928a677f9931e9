//! Whom the tokens of other issuers are about.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tenon_application::identity::{SubjectFacts, TokenSubject};
use tenon_application::{Scope, StoreError};
use tenon_domain::identity::UserKind;
use uuid::Uuid;

use super::SqlQueries;
use super::entities::{member, user};
use super::error::Stored;
use super::organizations::active_member;

impl SqlQueries {
    /// The person, unless they are deactivated, and the organization that they have been an active member of longest.
    pub(super) async fn subject_of(&self, subject: &TokenSubject) -> Result<Option<SubjectFacts>, StoreError> {
        use user::Column;
        let is_meant = match subject {
            TokenSubject::Email(email) => {
                Condition::all().add(Column::Email.eq(email.as_str())).add(Column::EmailVerifiedAt.is_not_null())
            }
            TokenSubject::User(id) => Condition::all().add(Column::Id.eq(id.uuid())),
        };
        let primary = self.database.primary(Scope::Deployment);
        let found: Option<Uuid> = user::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(is_meant)
            .filter(Column::Kind.eq(UserKind::Person.as_str()))
            .filter(Column::DeletedAt.is_null())
            .filter(Column::DeactivatedAt.is_null())
            .into_tuple()
            .one(&primary)
            .await
            .stored()?;
        let Some(user) = found else { return Ok(None) };
        let home: Option<Uuid> = member::Entity::find()
            .select_only()
            .column(member::Column::OrgId)
            .filter(member::Column::UserId.eq(user))
            .filter(active_member())
            .order_by_asc(member::Column::JoinedAt)
            .order_by_asc(member::Column::OrgId)
            .into_tuple()
            .one(&primary)
            .await
            .stored()?;
        Ok(Some(SubjectFacts { user: user.into(), home: home.map(Into::into) }))
    }
}
