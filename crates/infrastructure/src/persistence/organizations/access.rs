//! Which members have access: all but those who are suspended.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, Select};
use tenon_domain::UserId;
use tenon_domain::access::OrganizationRole;
use uuid::Uuid;

use crate::persistence::entities::{member, session};

/// Holds for the members who have access: whatever gives any asks for this, and for nothing else.
pub(in crate::persistence) fn active_member() -> SimpleExpr {
    member::Column::SuspendedAt.is_null()
}

/// Those who have access.
pub(super) fn owners(organization: Uuid) -> Select<member::Entity> {
    member::Entity::find()
        .filter(member::Column::OrgId.eq(organization))
        .filter(active_member())
        .filter(member::Column::Role.eq(OrganizationRole::Owner.as_str()))
}

/// The organization of the user's most recently used session, among those they still have access to.
pub(super) fn last_used_organization(user: UserId) -> SelectStatement {
    let used = |column| Expr::col((session::Entity, column));
    let joined = |column| Expr::col((member::Entity, column));
    Query::select()
        .expr(used(session::Column::OrgId))
        .from(session::Entity)
        .inner_join(
            member::Entity,
            joined(member::Column::OrgId)
                .eq(used(session::Column::OrgId))
                .and(joined(member::Column::UserId).eq(used(session::Column::UserId)))
                .and(active_member()),
        )
        .and_where(used(session::Column::UserId).eq(user.uuid()))
        .order_by((session::Entity, session::Column::LastUsedAt), Order::Desc)
        .order_by((session::Entity, session::Column::Id), Order::Desc)
        .limit(1)
        .to_owned()
}
