use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tenon_application::StoreError;
use tenon_application::documents::Resource;
use tenon_domain::{Timestamp, UserId};
use uuid::Uuid;

use crate::persistence::entities::{team, team_member};
use crate::persistence::error::Stored;
use crate::persistence::unit_of_work::SqlUnitOfWork;

impl SqlUnitOfWork {
    /// Takes a user, who leaves the organization, out of its teams. Each of them is another one without them.
    pub(in crate::persistence) async fn leave_teams(
        &mut self,
        org: Uuid,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let left = Query::select()
            .column(team_member::Column::TeamId)
            .from(team_member::Entity)
            .and_where(team_member::Column::OrgId.eq(org))
            .and_where(team_member::Column::UserId.eq(user.uuid()))
            .to_owned();
        team::Entity::update_many()
            .col_expr(team::Column::Version, Expr::col(team::Column::Version).add(1))
            .col_expr(team::Column::UpdatedAt, Expr::val(now))
            .filter(team::Column::OrgId.eq(org))
            .filter(team::Column::Id.in_subquery(left))
            .exec(&self.transaction)
            .await
            .stored()?;
        team_member::Entity::delete_many()
            .filter(team_member::Column::OrgId.eq(org))
            .filter(team_member::Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        // Also when there was nothing to delete: a release that knows no teams leaves entries behind.
        self.touch([Resource::TeamProjects(user)]);
        Ok(())
    }
}
