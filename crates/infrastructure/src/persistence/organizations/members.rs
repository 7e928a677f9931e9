use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveModel, JoinType, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use tenon_application::StoreError;
use tenon_application::organizations::MemberRepository;
use tenon_domain::access::OrganizationAccess;
use tenon_domain::identity::Email;
use tenon_domain::organizations::{Member, MemberRole, MemberState};
use tenon_domain::{OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use super::access::{active_member, homes, owners};
use super::{RoleRow, member_user, with_role};
use crate::persistence::ROWS_PER_STATEMENT;
use crate::persistence::entities::{member, organization, user};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

/// A membership with what is kept of its user.
#[derive(FromQueryResult)]
struct NamedMember {
    user_id: Uuid,
    display_name: String,
    #[sea_orm(nested)]
    role: RoleRow,
    suspended_at: Option<Timestamp>,
    deactivated_at: Option<Timestamp>,
    version: i64,
    joined_at: Timestamp,
    updated_at: Timestamp,
}

/// A membership of somebody in one of their organizations.
#[derive(FromQueryResult)]
struct Home {
    org_id: Uuid,
    #[sea_orm(nested)]
    role: RoleRow,
}

#[async_trait]
impl MemberRepository for SqlUnitOfWork {
    async fn find(&mut self, user: UserId) -> Result<Option<Member>, StoreError> {
        use member::Column;
        let membership = member::Entity::find_by_id((self.org()?, user.uuid())).select_only();
        let row = with_role(membership)
            .join(JoinType::InnerJoin, member_user())
            .columns([Column::UserId, Column::SuspendedAt, Column::Version, Column::JoinedAt, Column::UpdatedAt])
            .columns([user::Column::DisplayName, user::Column::DeactivatedAt])
            .into_model::<NamedMember>()
            .one(&self.transaction)
            .await
            .stored()?;
        let restore = |row: NamedMember| {
            let MemberRole { base: role, custom: custom_role } = row.role.member_role()?;
            Ok(Member::restore(MemberState {
                user_id: row.user_id.into(),
                display_name: row.display_name,
                role,
                custom_role,
                suspended_at: row.suspended_at,
                deactivated_at: row.deactivated_at,
                version: row.version,
                joined_at: row.joined_at,
                updated_at: row.updated_at,
            }))
        };
        row.map(restore).transpose()
    }

    async fn save(&mut self, member: Member) -> Result<MemberState, StoreError> {
        let (mut state, events) = member.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let (organization, user) = (self.org()?, state.user_id.uuid());
        let custom_role_id = state.custom_role.as_ref().map(|role| role.id.uuid());
        let read_version = state.version;
        state.version += 1;
        if read_version == 0 {
            let row = member::Model {
                org_id: organization,
                user_id: user,
                role: state.role.as_str().to_owned(),
                custom_role_id,
                suspended_at: state.suspended_at,
                version: state.version,
                joined_at: state.joined_at,
                updated_at: state.updated_at,
            };
            member::Entity::insert(row.into_active_model()).exec_without_returning(&self.transaction).await.stored()?;
        } else {
            let changed = member::ActiveModel {
                role: Set(state.role.as_str().to_owned()),
                custom_role_id: Set(custom_role_id),
                suspended_at: Set(state.suspended_at),
                version: Set(state.version),
                updated_at: Set(state.updated_at),
                ..Default::default()
            };
            let unchanged = Condition::all()
                .add(member::Column::OrgId.eq(organization))
                .add(member::Column::UserId.eq(user))
                .add(member::Column::Version.eq(read_version));
            versioned::update(&self.transaction, changed, unchanged).await?;
        }
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, member: Member) -> Result<(), StoreError> {
        let (state, events) = member.into_parts();
        let unchanged = Condition::all()
            .add(member::Column::OrgId.eq(self.org()?))
            .add(member::Column::UserId.eq(state.user_id.uuid()))
            .add(member::Column::Version.eq(state.version));
        versioned::delete::<member::Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn lock_organization(&mut self) -> Result<(), StoreError> {
        self.hold_organization().await
    }

    async fn count_owners(&mut self) -> Result<u64, StoreError> {
        self.hold_organization().await?;
        owners(self.org()?).count(&self.transaction).await.stored()
    }

    async fn owners(&mut self) -> Result<Vec<UserId>, StoreError> {
        let rows = owners(self.org()?).order_by_asc(member::Column::UserId).all(&self.transaction).await.stored()?;
        Ok(rows.into_iter().map(|row| row.user_id.into()).collect())
    }

    async fn hold(&mut self, user: UserId) -> Result<bool, StoreError> {
        let organization = self.org()?;
        // First, as by who counts owners to remove one: a row that refers to the organization is about to be written.
        organization::Entity::find_by_id(organization).lock_shared().one(&self.transaction).await.stored()?;
        let membership =
            member::Entity::find_by_id((organization, user.uuid())).filter(active_member()).lock_exclusive();
        Ok(membership.one(&self.transaction).await.stored()?.is_some())
    }

    async fn other_owner(&mut self, than: UserId) -> Result<Option<UserId>, StoreError> {
        let row = owners(self.org()?)
            .filter(member::Column::UserId.ne(than.uuid()))
            .order_by_asc(member::Column::JoinedAt)
            .order_by_asc(member::Column::UserId)
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(|row| row.user_id.into()))
    }

    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let rows: Vec<Uuid> = member::Entity::find()
            .select_only()
            .column(member::Column::OrgId)
            .filter(member::Column::UserId.eq(user.uuid()))
            .order_by_asc(member::Column::OrgId)
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        Ok(rows.into_iter().map(OrganizationId::new).collect())
    }

    async fn role_in(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<OrganizationAccess>, StoreError> {
        let membership = member::Entity::find_by_id((organization.uuid(), user.uuid())).filter(active_member());
        let row = with_role(membership.select_only()).into_model::<RoleRow>().one(&self.transaction).await.stored()?;
        row.map(|row| Ok(row.member_role()?.access())).transpose()
    }

    async fn home_of(&mut self, user: UserId) -> Result<Option<(OrganizationId, OrganizationAccess)>, StoreError> {
        let row = with_role(homes(user)).into_model::<Home>().one(&self.transaction).await.stored()?;
        row.map(|home| Ok((home.org_id.into(), home.role.member_role()?.access()))).transpose()
    }

    async fn among(&mut self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let mut found = Vec::new();
        for some in users.chunks(ROWS_PER_STATEMENT) {
            let rows: Vec<Uuid> = member::Entity::find()
                .select_only()
                .column(member::Column::UserId)
                .filter(member::Column::OrgId.eq(self.org()?))
                .filter(member::Column::UserId.is_in(some.iter().map(|user| user.uuid())))
                .filter(active_member())
                .into_tuple()
                .all(&self.transaction)
                .await
                .stored()?;
            found.extend(rows.into_iter().map(UserId::new));
        }
        Ok(found)
    }

    async fn has_address(&mut self, email: &Email) -> Result<bool, StoreError> {
        let found: Option<Uuid> = member::Entity::find()
            .join(JoinType::InnerJoin, member_user())
            .select_only()
            .column(member::Column::UserId)
            .filter(member::Column::OrgId.eq(self.org()?))
            .filter(user::Column::Email.eq(email.as_str()))
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(found.is_some())
    }

    async fn exclude(&mut self, user: UserId, now: Timestamp) -> Result<(), StoreError> {
        self.add_exclusion(user, now).await
    }

    async fn readmit(&mut self, user: UserId) -> Result<(), StoreError> {
        self.drop_exclusion(user).await
    }

    async fn erase_exclusions(&mut self, user: UserId) -> Result<(), StoreError> {
        self.drop_exclusions_everywhere(user).await
    }

    async fn is_excluded(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.has_exclusion(user).await
    }
}
