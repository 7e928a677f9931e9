use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use tenon_application::organizations::CustomRoleRepository;
use tenon_application::{Page, PageRequest, StoreError, Unsorted, Viewer};
use tenon_domain::access::{OrganizationRole, Permissions, RoleLevel};
use tenon_domain::identity::UserKind;
use tenon_domain::organizations::{CustomRole, CustomRoleState, RoleDescription, RoleName};
use tenon_domain::{CustomRoleId, OrganizationId, Version};
use uuid::Uuid;

use super::role;
use crate::persistence::SqlQueries;
use crate::persistence::entities::custom_role::{Column, Entity, Model};
use crate::persistence::entities::user;
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};
use crate::persistence::rows::named;
use crate::persistence::unit_of_work::SqlUnitOfWork;
use crate::persistence::versioned;

/// Whose rows refer to custom roles.
const HOLDERS: &[&str] = &["members", "project_members", "project_teams"];

fn state(row: Model) -> Result<CustomRoleState, StoreError> {
    Ok(CustomRoleState {
        id: row.id.into(),
        level: named("level of a role", &row.level, RoleLevel::parse)?,
        name: RoleName::restore(row.name),
        description: row.description.map(RoleDescription::restore),
        base: row.base.as_deref().map(role).transpose()?,
        permissions: Permissions::restore(&row.permissions),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn unchanged(organization: Uuid, id: CustomRoleId, version: Version) -> Condition {
    Condition::all().add(Column::Id.eq(id.uuid())).add(Column::OrgId.eq(organization)).add(Column::Version.eq(version))
}

/// Finds something when a row of this table refers to the role.
fn holding(table: &'static str, organization: Uuid, id: CustomRoleId) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(table)
        .and_where(Expr::col("org_id").eq(organization))
        .and_where(Expr::col("custom_role_id").eq(id.uuid()))
        .limit(1)
        .to_owned()
}

#[async_trait]
impl CustomRoleRepository for SqlUnitOfWork {
    async fn find(&mut self, id: CustomRoleId) -> Result<Option<CustomRole>, StoreError> {
        let row = Entity::find_by_id(id.uuid())
            .filter(Column::OrgId.eq(self.org()?))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(row.map(state).transpose()?.map(CustomRole::restore))
    }

    async fn find_all(&mut self, ids: &[CustomRoleId]) -> Result<Vec<CustomRole>, StoreError> {
        let rows = Entity::find()
            .filter(Column::OrgId.eq(self.org()?))
            .filter(Column::Id.is_in(ids.iter().map(|id| id.uuid())))
            .order_by_asc(Column::Id)
            .lock_exclusive()
            .all(&self.transaction)
            .await
            .stored()?;
        rows.into_iter().map(|row| Ok(CustomRole::restore(state(row)?))).collect()
    }

    async fn name(&mut self, id: CustomRoleId) -> Result<Option<RoleName>, StoreError> {
        let name: Option<String> = Entity::find_by_id(id.uuid())
            .select_only()
            .column(Column::Name)
            .filter(Column::OrgId.eq(self.org()?))
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(name.map(RoleName::restore))
    }

    async fn save(&mut self, role: CustomRole) -> Result<CustomRoleState, StoreError> {
        let (mut state, events) = role.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let organization = self.org()?;
        let read_version = state.version;
        state.version += 1;
        let row = Model {
            id: state.id.uuid(),
            org_id: organization,
            level: state.level.as_str().to_owned(),
            name: state.name.to_string(),
            name_key: state.name.key(),
            description: state.description.clone().map(RoleDescription::into_string),
            base: state.base.map(|base: OrganizationRole| base.as_str().to_owned()),
            permissions: state.permissions.to_string(),
            version: state.version,
            created_at: state.created_at,
            updated_at: state.updated_at,
        };
        let unchanged = unchanged(organization, state.id, read_version);
        versioned::save(&self.transaction, row.into_active_model(), read_version, unchanged).await?;
        self.stamp(events);
        Ok(state)
    }

    async fn remove(&mut self, role: CustomRole) -> Result<(), StoreError> {
        let (state, events) = role.into_parts();
        let unchanged = unchanged(self.org()?, state.id, state.version);
        versioned::delete::<Entity>(&self.transaction, unchanged).await?;
        self.stamp(events);
        Ok(())
    }

    async fn count(&mut self) -> Result<u64, StoreError> {
        let organization = self.org()?;
        self.hold_organization().await?;
        Entity::find().filter(Column::OrgId.eq(organization)).count(&self.transaction).await.stored()
    }

    async fn is_used(&mut self, id: CustomRoleId) -> Result<bool, StoreError> {
        let organization = self.org()?;
        for &table in HOLDERS {
            if self.transaction.query_one(&holding(table, organization, id)).await.stored()?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn is_held_by_service(&mut self, id: CustomRoleId) -> Result<bool, StoreError> {
        let mut held = holding("members", self.org()?, id);
        held.and_where(Expr::col("user_id").in_subquery(services()));
        Ok(self.transaction.query_one(&held).await.stored()?.is_some())
    }
}

/// The users that are programs.
fn services() -> SelectStatement {
    Query::select()
        .column(user::Column::Id)
        .from(user::Entity)
        .and_where(user::Column::Kind.eq(UserKind::Service.as_str()))
        .to_owned()
}

fn roles_of(viewer: Viewer) -> Select<Entity> {
    Entity::find().filter(Column::OrgId.eq(viewer.organization.uuid()))
}

impl SqlQueries {
    pub(super) async fn page_of_roles(
        &self,
        viewer: Viewer,
        levels: &[RoleLevel],
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<CustomRoleState>, StoreError> {
        let database = &self.database.replica(viewer);
        let mut select = roles_of(viewer);
        if !levels.is_empty() {
            select = select.filter(Column::Level.is_in(levels.iter().map(|level| level.as_str())));
        }
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, false, request).all(database).await.stored()?;
        let roles = rows.into_iter().map(state).collect::<Result<_, _>>()?;
        Ok(Page::cut(roles, request.limit, total, |role: &CustomRoleState| at_id(role.id.uuid())))
    }

    pub(super) async fn one_role(
        &self,
        viewer: Viewer,
        id: CustomRoleId,
    ) -> Result<Option<CustomRoleState>, StoreError> {
        let row = roles_of(viewer).filter(Column::Id.eq(id.uuid())).one(&self.database.replica(viewer)).await;
        row.stored()?.map(state).transpose()
    }

    /// Of the primary: what was taken from a role must not count any more.
    pub(in crate::persistence) async fn permissions_of_role(
        &self,
        organization: OrganizationId,
        id: CustomRoleId,
    ) -> Result<Option<Permissions>, StoreError> {
        let permissions: Option<String> = Entity::find_by_id(id.uuid())
            .select_only()
            .column(Column::Permissions)
            .filter(Column::OrgId.eq(organization.uuid()))
            .into_tuple()
            .one(&self.database.primary(organization))
            .await
            .stored()?;
        Ok(permissions.map(|permissions| Permissions::restore(&permissions)))
    }
}
