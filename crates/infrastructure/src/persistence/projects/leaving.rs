//! What ends when somebody leaves a project, a team or the organization.

use std::collections::BTreeMap;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, UpdateMany};
use tenon_application::StoreError;
use tenon_application::documents::Resource;
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::identity::UserKind;
use tenon_domain::{ProjectId, Timestamp, UserId};
use uuid::Uuid;

use super::super::ROWS_PER_STATEMENT;
use super::super::entities::{member, project, project_member, task, task_assignee, user};
use super::super::error::Stored;
use super::super::organizations::active_member;
use super::super::unit_of_work::SqlUnitOfWork;
use super::super::visibility::insiders_among;

impl SqlUnitOfWork {
    /// As [`release_outsiders`](tenon_application::projects::ProjectRepository::release_outsiders) says. A few statements
    /// for each of the users whose assignments end.
    pub(super) async fn let_outsiders_go(
        &mut self,
        projects: &[ProjectId],
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let org = self.org()?;
        for projects in projects.chunks(ROWS_PER_STATEMENT) {
            for users in users.chunks(ROWS_PER_STATEMENT) {
                self.end_leads_of_outsiders(org, projects, users, now).await?;
                for (user, projects) in self.assigned_outsiders(org, projects, users).await? {
                    self.unassign(org, user, Some(&projects), now).await?;
                }
            }
        }
        Ok(())
    }

    /// Those of the users who are assigned in projects that they cannot see, with these projects.
    async fn assigned_outsiders(
        &self,
        org: Uuid,
        projects: &[ProjectId],
        users: &[UserId],
    ) -> Result<BTreeMap<UserId, Vec<ProjectId>>, StoreError> {
        let assignee = (task_assignee::Entity, task_assignee::Column::UserId);
        let its_project = (task::Entity, task::Column::ProjectId);
        let mut inside = insiders_among(org, projects);
        inside
            .and_where(Expr::col((project::Entity, project::Column::Id)).equals(its_project))
            .and_where(Expr::col((member::Entity, member::Column::UserId)).equals(assignee));
        let select = Query::select()
            .distinct()
            .column(assignee)
            .column(its_project)
            .from(task_assignee::Entity)
            .inner_join(
                task::Entity,
                Expr::col((task::Entity, task::Column::Id))
                    .equals((task_assignee::Entity, task_assignee::Column::TaskId)),
            )
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::UserId.is_in(users.iter().map(|user| user.uuid())))
            .and_where(task::Column::OrgId.eq(org))
            .and_where(task::Column::ProjectId.is_in(projects.iter().map(|project| project.uuid())))
            .and_where(Expr::exists(inside).not())
            .to_owned();
        let mut outsiders: BTreeMap<UserId, Vec<ProjectId>> = BTreeMap::new();
        for (user, project) in self.pairs(&select).await? {
            outsiders.entry(user.into()).or_default().push(project.into());
        }
        Ok(outsiders)
    }

    async fn end_leads_of_outsiders(
        &mut self,
        org: Uuid,
        projects: &[ProjectId],
        users: &[UserId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let led: Vec<(Uuid, Uuid)> = project::Entity::find()
            .select_only()
            .columns([project::Column::Id, project::Column::LeadId])
            .filter(project::Column::OrgId.eq(org))
            .filter(project::Column::Visibility.eq(Visibility::Private.as_str()))
            .filter(project::Column::Id.is_in(projects.iter().map(|project| project.uuid())))
            .filter(project::Column::LeadId.is_in(users.iter().map(|user| user.uuid())))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        if led.is_empty() {
            return Ok(());
        }
        let (projects, leads): (Vec<ProjectId>, Vec<Uuid>) =
            led.iter().map(|&(id, lead)| (ProjectId::new(id), lead)).unzip();
        // Also those who are suspended or deactivated: what they have waits for them.
        let mut inside = insiders_among(org, &projects);
        inside.and_where(member::Column::UserId.is_in(leads));
        let insiders = self.pairs(&inside).await?;
        let lost: Vec<Uuid> = led.iter().filter(|it| !insiders.contains(it)).map(|(id, _)| *id).collect();
        if lost.is_empty() {
            return Ok(());
        }
        end_leads(org, now).filter(project::Column::Id.is_in(lost)).exec(&self.transaction).await.stored()?;
        Ok(())
    }

    /// As [`release_user`](tenon_application::projects::ProjectRepository::release_user) says.
    pub(super) async fn let_go(&mut self, user: UserId, heir: UserId, now: Timestamp) -> Result<(), StoreError> {
        let org = self.org()?;
        self.pass_on_private_projects(user, heir, now).await?;
        let left: Vec<Uuid> = project_member::Entity::find()
            .select_only()
            .column(project_member::Column::ProjectId)
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .lock_exclusive()
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        self.touch(left.into_iter().map(|project| Resource::ProjectMember(project.into(), user)));
        project_member::Entity::delete_many()
            .filter(project_member::Column::OrgId.eq(org))
            .filter(project_member::Column::UserId.eq(user.uuid()))
            .exec(&self.transaction)
            .await
            .stored()?;
        self.leave_teams(org, user, now).await?;
        end_leads(org, now).filter(project::Column::LeadId.eq(user.uuid())).exec(&self.transaction).await.stored()?;
        self.unassign(org, user, None, now).await
    }

    /// As [`hand_on`](tenon_application::projects::ProjectRepository::hand_on) says. Teams do not count.
    pub(super) async fn pass_on_private_projects(
        &mut self,
        user: UserId,
        heir: UserId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let org = self.org()?;
        let managers = |of_user: SimpleExpr| {
            Query::select()
                .column(project_member::Column::ProjectId)
                .from(project_member::Entity)
                .cond_where(manages(org))
                .and_where(of_user)
                .to_owned()
        };
        let theirs = managers(project_member::Column::UserId.eq(user.uuid()));
        let of_others = project_member::Column::UserId.ne(user.uuid());
        let of_others = managers(of_others.and(project_member::Column::UserId.in_subquery(capable_managers(org))));
        let orphans: Vec<Uuid> = project::Entity::find()
            .select_only()
            .column(project::Column::Id)
            .filter(project::Column::OrgId.eq(org))
            .filter(project::Column::Visibility.eq(Visibility::Private.as_str()))
            .filter(project::Column::Id.in_subquery(theirs))
            .filter(project::Column::Id.not_in_subquery(of_others))
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        if orphans.is_empty() {
            return Ok(());
        }
        self.touch(orphans.iter().map(|project| Resource::ProjectMember((*project).into(), heir)));
        let rows = orphans.into_iter().map(|project| {
            project_member::Model {
                project_id: project,
                user_id: heir.uuid(),
                org_id: org,
                role: ProjectRole::Manager.as_str().to_owned(),
                custom_role_id: None,
                added_at: now,
            }
            .into_active_model()
        });
        let promote = OnConflict::columns([project_member::Column::ProjectId, project_member::Column::UserId])
            .update_columns([project_member::Column::Role, project_member::Column::CustomRoleId])
            .to_owned();
        project_member::Entity::insert_many(rows)
            .on_conflict(promote)
            .exec_without_returning(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}

/// Holds for the rows that make somebody a manager themselves.
pub(super) fn manages(org: Uuid) -> Condition {
    Condition::all()
        .add(project_member::Column::OrgId.eq(org))
        .add(project_member::Column::Role.eq(ProjectRole::Manager.as_str()))
}

/// The people who can be managers of projects: members with access who are no guests.
pub(super) fn capable_managers(org: Uuid) -> SelectStatement {
    Query::select()
        .column((member::Entity, member::Column::UserId))
        .from(member::Entity)
        .inner_join(
            user::Entity,
            Expr::col((user::Entity, user::Column::Id)).equals((member::Entity, member::Column::UserId)),
        )
        .and_where(member::Column::OrgId.eq(org))
        .and_where(active_member())
        .and_where(member::Column::Role.ne(OrganizationRole::Guest.as_str()))
        .and_where(user::Column::Kind.eq(UserKind::Person.as_str()))
        .to_owned()
}

/// Takes the lead off projects of the organization.
fn end_leads(org: Uuid, now: Timestamp) -> UpdateMany<project::Entity> {
    project::Entity::update_many()
        .col_expr(project::Column::LeadId, Expr::val(None::<Uuid>))
        .col_expr(project::Column::Version, Expr::col(project::Column::Version).add(1))
        .col_expr(project::Column::UpdatedAt, Expr::val(now))
        .filter(project::Column::OrgId.eq(org))
}
