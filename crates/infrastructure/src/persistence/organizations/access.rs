//! Which members have access: all but those whom the organization has suspended, or the operator deactivated.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, Select};
use tenon_domain::UserId;
use tenon_domain::access::OrganizationRole;
use uuid::Uuid;

use crate::persistence::entities::{member, session, user};

/// Holds for the members who have access: whatever gives any asks for this, and for nothing else.
pub(in crate::persistence) fn active_member() -> SimpleExpr {
    let deactivated = Query::select()
        .expr(Expr::val(1))
        .from(user::Entity)
        .and_where(Expr::col((user::Entity, user::Column::Id)).equals((member::Entity, member::Column::UserId)))
        .and_where(user::Column::DeactivatedAt.is_not_null())
        .to_owned();
    member::Column::SuspendedAt.is_null().and(Expr::not_exists(deactivated))
}

/// Those who have access.
pub(super) fn owners(organization: Uuid) -> Select<member::Entity> {
    member::Entity::find()
        .filter(member::Column::OrgId.eq(organization))
        .filter(active_member())
        .filter(member::Column::Role.eq(OrganizationRole::Owner.as_str()))
}

/// The membership where a user goes when they sign in, and where that is. One statement for everybody, account or not: the
/// time must not tell.
pub(super) fn homes(user: UserId) -> Select<member::Entity> {
    let is_last_used = Expr::col((member::Entity, member::Column::OrgId)).eq(last_used_organization(user));
    let last_used_first: SimpleExpr = Expr::case(is_last_used, 0).finally(1).into();
    member::Entity::find()
        .select_only()
        .column(member::Column::OrgId)
        .filter(member::Column::UserId.eq(user.uuid()))
        .filter(active_member())
        .order_by_asc(last_used_first)
        .order_by_asc(member::Column::JoinedAt)
        .order_by_asc(member::Column::OrgId)
        .limit(1)
}

/// The organization of the user's most recently used session, among those they still have access to.
fn last_used_organization(user: UserId) -> SelectStatement {
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
