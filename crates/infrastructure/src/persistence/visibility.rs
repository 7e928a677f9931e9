//! Who can see a project, in SQL: the same as [`tenon_domain::access::ProjectAccess::is_visible`], and nowhere else
//! spelled out in it.

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition};
use tenon_application::Viewer;
use tenon_domain::ProjectId;
use tenon_domain::access::{OrganizationRole, Visibility};
use uuid::Uuid;

use super::entities::{member, project, project_member, project_team, team_member};

/// Holds for the projects that a member of the organization with this role can see.
fn rule(org: Uuid, user: SimpleExpr, role: SimpleExpr) -> Condition {
    let of_member = |column| Expr::col((project_member::Entity, column));
    let added = Query::select()
        .expr(Expr::val(1))
        .from(project_member::Entity)
        .and_where(of_member(project_member::Column::ProjectId).equals((project::Entity, project::Column::Id)))
        .and_where(project_member::Column::OrgId.eq(org))
        .and_where(of_member(project_member::Column::UserId).eq(user.clone()))
        .to_owned();
    let of_team = |column| Expr::col((project_team::Entity, column));
    let of_its_member = |column| Expr::col((team_member::Entity, column));
    let by_team = Query::select()
        .expr(Expr::val(1))
        .from(project_team::Entity)
        .inner_join(
            team_member::Entity,
            of_its_member(team_member::Column::TeamId).equals((project_team::Entity, project_team::Column::TeamId)),
        )
        .and_where(of_team(project_team::Column::ProjectId).equals((project::Entity, project::Column::Id)))
        .and_where(project_team::Column::OrgId.eq(org))
        .and_where(team_member::Column::OrgId.eq(org))
        .and_where(of_its_member(team_member::Column::UserId).eq(user))
        .to_owned();
    let through_organization = Condition::all()
        .add(project::Column::Visibility.eq(Visibility::Organization.as_str()))
        .add(role.ne(OrganizationRole::Guest.as_str()));
    // The cheaper questions first: most projects are open to their organization.
    Condition::any().add(through_organization).add(Expr::exists(added)).add(Expr::exists(by_team))
}

/// Holds for the projects the viewer can see.
pub(super) fn visible_to(viewer: Viewer) -> Condition {
    let org = viewer.organization.uuid();
    let (user, role) = (Expr::val(viewer.user.uuid()), Expr::val(viewer.role.as_str()));
    Condition::all().add(project::Column::OrgId.eq(org)).add(rule(org, user, role))
}

/// The ids of the members of the organization who can see the project, or could if they were active.
pub(super) fn insiders(org: Uuid, project: ProjectId) -> SelectStatement {
    let mut select = insiders_among(org, &[project]);
    select.clear_selects().column((member::Entity, member::Column::UserId));
    select
}

/// Pairs of a project among these and a member of the organization who can see it, or could.
pub(super) fn insiders_among(org: Uuid, projects: &[ProjectId]) -> SelectStatement {
    let of_member = |column| Expr::col((member::Entity, column));
    let rule = rule(org, of_member(member::Column::UserId), of_member(member::Column::Role));
    Query::select()
        .column((project::Entity, project::Column::Id))
        .column((member::Entity, member::Column::UserId))
        .from(member::Entity)
        .inner_join(project::Entity, of_member(member::Column::OrgId).equals((project::Entity, project::Column::OrgId)))
        .and_where(member::Column::OrgId.eq(org))
        .and_where(project::Column::Id.is_in(projects.iter().map(|project| project.uuid())))
        .cond_where(rule)
        .to_owned()
}
