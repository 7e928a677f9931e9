use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationDef, Select,
};
use tenon_application::identity::{TokenFacts, TokenQueries, TokenView};
use tenon_application::{Page, PageRequest, Scope, StoreError, Unsorted, Viewer};
use tenon_domain::access::Scopes;
use tenon_domain::{Timestamp, TokenId, UserId};
use uuid::Uuid;

use super::token_state;
use crate::persistence::SqlQueries;
use crate::persistence::entities::personal_access_token::{Column, Entity};
use crate::persistence::entities::user;
use crate::persistence::error::Stored;
use crate::persistence::keyset::{at_id, page};

/// A token with the name of its owner.
#[derive(FromQueryResult)]
struct NamedToken {
    id: Uuid,
    owner_id: Uuid,
    display_name: String,
    name: String,
    scopes: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl From<NamedToken> for TokenView {
    fn from(row: NamedToken) -> Self {
        Self {
            id: row.id.into(),
            owner_id: row.owner_id.into(),
            owner_name: row.display_name,
            name: row.name,
            scopes: Scopes::restore(&row.scopes),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
        }
    }
}

/// Tokens for the viewer's organization that are not revoked: this owner's, or everybody's.
fn tokens(viewer: Viewer, owner: Option<UserId>) -> Select<Entity> {
    let owner_of: RelationDef = Entity::belongs_to(user::Entity).from(Column::OwnerId).to(user::Column::Id).into();
    let select = Entity::find()
        .join(JoinType::InnerJoin, owner_of)
        .select_only()
        .columns([Column::Id, Column::OwnerId, Column::Name, Column::Scopes])
        .columns([Column::CreatedAt, Column::ExpiresAt, Column::LastUsedAt])
        .column(user::Column::DisplayName)
        .filter(Column::OrgId.eq(viewer.organization.uuid()))
        .filter(Column::RevokedAt.is_null());
    match owner {
        Some(owner) => select.filter(Column::OwnerId.eq(owner.uuid())),
        None => select,
    }
}

#[async_trait]
impl TokenQueries for SqlQueries {
    async fn list(
        &self,
        viewer: Viewer,
        owner: Option<UserId>,
        request: &PageRequest<Unsorted>,
    ) -> Result<Page<TokenView>, StoreError> {
        let database = &self.database.replica(viewer);
        let select = tokens(viewer, owner);
        let total = match request.include_total {
            true => Some(select.clone().count(database).await.stored()?),
            false => None,
        };
        let id = Expr::col((Entity, Column::Id));
        let rows = page(self.database.backend(), select, vec![], id, true, request)
            .into_model::<NamedToken>()
            .all(database)
            .await
            .stored()?;
        let views = rows.into_iter().map(TokenView::from).collect();
        Ok(Page::cut(views, request.limit, total, |view: &TokenView| at_id(view.id.uuid())))
    }

    async fn find(&self, viewer: Viewer, owner: Option<UserId>, id: TokenId) -> Result<Option<TokenView>, StoreError> {
        let row = tokens(viewer, owner)
            .filter(Column::Id.eq(id.uuid()))
            .into_model::<NamedToken>()
            .one(&self.database.replica(viewer))
            .await
            .stored()?;
        Ok(row.map(TokenView::from))
    }
}

impl SqlQueries {
    /// What authentication asks, before it knows whose token it is.
    pub(in crate::persistence) async fn token_facts(&self, id: TokenId) -> Result<Option<TokenFacts>, StoreError> {
        let row = Entity::find_by_id(id.uuid()).one(&self.database.primary(Scope::Deployment)).await.stored()?;
        Ok(row.map(token_state).map(|state| TokenFacts {
            owner: state.owner_id,
            organization: state.organization_id,
            scopes: state.scopes,
            hash: state.hash,
            expires_at: state.expires_at,
            revoked: state.revoked_at.is_some(),
        }))
    }
}
