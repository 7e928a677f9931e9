use async_trait::async_trait;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationDef,
};
use tenon_application::identity::AddressDigest;
use tenon_application::organizations::{DomainQueries, DomainView, JoinableOrganizationView};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted, Viewer};
use tenon_domain::organizations::DomainName;
use tenon_domain::{DomainId, UserId};
use uuid::Uuid;

use super::{domain_state, is_open};
use crate::persistence::SqlQueries;
use crate::persistence::entities::{
    excluded_address, member, organization, organization_domain, organization_exclusion,
};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};
use crate::persistence::organizations::role;

/// An organization with the role that an address gives there.
#[derive(FromQueryResult)]
struct JoinableRow {
    id: Uuid,
    name: String,
    auto_join_role: String,
}

impl JoinableRow {
    fn view(self) -> Result<JoinableOrganizationView, StoreError> {
        Ok(JoinableOrganizationView { id: self.id.into(), name: self.name, role: role(&self.auto_join_role)? })
    }
}

fn view(row: organization_domain::Model) -> Result<DomainView, StoreError> {
    Ok(domain_state(row)?.into())
}

#[async_trait]
impl DomainQueries for SqlQueries {
    async fn list(&self, viewer: Viewer, request: &PageRequest<Unsorted>) -> Result<Page<DomainView>, StoreError> {
        let database = &self.database.replica(viewer);
        let of_organization = organization_domain::Column::OrgId.eq(viewer.organization.uuid());
        let select = organization_domain::Entity::find().filter(of_organization);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((organization_domain::Entity, organization_domain::Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request).all(database).await.stored()?;
        let views = rows.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &DomainView| at_id(view.id.uuid())))
    }

    async fn find(&self, viewer: Viewer, id: DomainId) -> Result<Option<DomainView>, StoreError> {
        let row = organization_domain::Entity::find_by_id(id.uuid())
            .filter(organization_domain::Column::OrgId.eq(viewer.organization.uuid()))
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        row.map(view).transpose()
    }

    async fn joinable(
        &self,
        user: UserId,
        domain: &DomainName,
        address: &AddressDigest,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<JoinableOrganizationView>, StoreError> {
        // What was just joined, or left, must not be missing or there.
        let database = &self.database.primary(Scope::Deployment);
        let domains: RelationDef = organization::Entity::belongs_to(organization_domain::Entity)
            .from(organization::Column::Id)
            .to(organization_domain::Column::OrgId)
            .into();
        let joined = Query::select()
            .column(member::Column::OrgId)
            .from(member::Entity)
            .and_where(member::Column::UserId.eq(user.uuid()))
            .to_owned();
        let removed_from = Query::select()
            .column(organization_exclusion::Column::OrgId)
            .from(organization_exclusion::Entity)
            .and_where(organization_exclusion::Column::UserId.eq(user.uuid()))
            .to_owned();
        let keeping_out = Query::select()
            .column(excluded_address::Column::OrgId)
            .from(excluded_address::Entity)
            .and_where(excluded_address::Column::AddressDigest.eq(address.as_str()))
            .to_owned();
        let select = organization::Entity::find()
            .join(JoinType::InnerJoin, domains)
            .select_only()
            .columns([organization::Column::Id, organization::Column::Name])
            .column(organization_domain::Column::AutoJoinRole)
            .filter(is_open(domain))
            .filter(organization::Column::Id.not_in_subquery(joined))
            .filter(organization::Column::Id.not_in_subquery(removed_from))
            .filter(organization::Column::Id.not_in_subquery(keeping_out));
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((organization::Entity, organization::Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, false, request)
            .into_model::<JoinableRow>()
            .all(database)
            .await;
        let views = rows.stored()?.into_iter().map(JoinableRow::view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &JoinableOrganizationView| at_id(view.id.uuid())))
    }
}
