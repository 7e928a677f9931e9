use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use tenon_application::identity::{
    ExternalIdentityView, IdentityProviderQueries, IdentityProviderView, SignInProvider, StoredProvider,
};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted, Viewer};
use tenon_domain::identity::ProviderDomains;
use tenon_domain::organizations::DomainName;
use tenon_domain::{IdentityProviderId, OrganizationId, UserId};

use super::identities::identity_state;
use super::provider_state;
use crate::persistence::SqlQueries;
use crate::persistence::entities::identity_provider::{Column, Entity, Model};
use crate::persistence::entities::{external_identity, organization_domain};
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};

fn view(row: Model) -> Result<IdentityProviderView, StoreError> {
    provider_state(row).map(IdentityProviderView::from)
}

#[async_trait]
impl IdentityProviderQueries for SqlQueries {
    async fn list(
        &self,
        viewer: Viewer,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<IdentityProviderView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = Entity::find().filter(Column::OrgId.eq(viewer.organization.uuid()));
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request).all(database).await;
        let views = rows.stored()?.into_iter().map(view).collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &IdentityProviderView| at_id(view.id.uuid())))
    }

    async fn find(&self, viewer: Viewer, id: IdentityProviderId) -> Result<Option<IdentityProviderView>, StoreError> {
        let own = Column::OrgId.eq(viewer.organization.uuid());
        let row = Entity::find_by_id(id.uuid()).filter(own).one(&self.database.replica(viewer)).await.stored()?;
        row.map(view).transpose()
    }

    async fn stored(&self, id: IdentityProviderId) -> Result<Option<StoredProvider>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).one(&self.database.primary(Scope::Deployment)).await.stored()?;
        let stored = |row: Model| {
            let organization = row.org_id.into();
            provider_state(row).map(|state| StoredProvider { organization, state })
        };
        row.map(stored).transpose()
    }

    async fn serving(&self, domain: &DomainName) -> Result<Vec<SignInProvider>, StoreError> {
        // A domain is one organization's: there are as many rows as that may have providers.
        let proved = Query::select()
            .column("org_id")
            .from("organization_domains")
            .and_where(Expr::col("proved_name").eq(domain.as_str()))
            .to_owned();
        let rows = Entity::find()
            .filter(Column::Enabled.eq(true))
            .filter(Column::OrgId.in_subquery(proved))
            .order_by_asc(Column::Id)
            .all(&self.database.primary(Scope::Deployment))
            .await
            .stored()?;
        let mut serving = Vec::new();
        for row in rows {
            let state = provider_state(row)?;
            if state.settings.domains.to_strings().iter().any(|name| name == domain.as_str()) {
                serving.push(SignInProvider { key: state.id.to_string(), name: state.settings.name.to_string() });
            }
        }
        Ok(serving)
    }

    async fn has_proved(&self, organization: OrganizationId, domains: &ProviderDomains) -> Result<bool, StoreError> {
        use organization_domain::{Column, Entity};
        let database = &self.database.primary(Scope::Deployment);
        let own = Entity::find().filter(Column::OrgId.eq(organization.uuid()));
        let proved = own.filter(Column::ProvedName.is_in(domains.to_strings())).count(database).await.stored()?;
        Ok(proved > 0)
    }

    async fn identities(
        &self,
        user: UserId,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<ExternalIdentityView>, StoreError> {
        use external_identity::{Column, Entity};
        let database = &self.database.primary(Scope::Deployment);
        let select = Entity::find().filter(Column::UserId.eq(user.uuid()));
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request).all(database).await;
        let views = rows.stored()?.into_iter().map(|row| identity_state(row).map(ExternalIdentityView::from));
        let views = views.collect::<Result<_, _>>()?;
        Ok(Page::cut(views, request.limit, total, |view: &ExternalIdentityView| at_id(view.id.uuid())))
    }
}
