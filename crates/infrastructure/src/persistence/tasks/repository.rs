use async_trait::async_trait;
use sea_orm::sea_query::{Alias, CommonTableExpression, Expr, ExprTrait, Func, Query, UnionType, WithClause};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    QueryTrait,
};
use tenon_application::StoreError;
use tenon_application::documents::Resource;
use tenon_application::tasks::{TaskRef, TaskRepository};
use tenon_domain::projects::{Status, StatusCategory, StatusKey};
use tenon_domain::tasks::{Assignees, Estimate, Labels, Task, TaskDescription, TaskState, TaskTitle, TaskType};
use tenon_domain::{ProjectId, TaskId, Timestamp, UserId};
use uuid::Uuid;

use super::super::entities::{project_counter, task, task_assignee, task_label};
use super::super::error::Stored;
use super::super::rows::{from_json, named, to_json};
use super::super::unit_of_work::SqlUnitOfWork;
use super::super::versioned;
use super::{assignees_of, named_by, priority_of, task_key, tasks_of};

#[async_trait]
impl TaskRepository for SqlUnitOfWork {
    async fn find(&mut self, task: &TaskRef) -> Result<Option<Task>, StoreError> {
        let row = task::Entity::find()
            .filter(task::Column::OrgId.eq(self.org()?))
            .filter(named_by(task))
            .one(&self.transaction)
            .await
            .stored()?;
        row.map(|row| Ok(Task::restore(state(row)?))).transpose()
    }

    async fn save(&mut self, task: Task) -> Result<TaskState, StoreError> {
        let (mut state, events) = task.into_parts();
        if events.is_empty() {
            return Ok(state);
        }
        let org = self.org()?;
        let known = state.version;
        state.version += 1;
        let row = row(org, &state)?.into_active_model();
        let unchanged = Condition::all()
            .add(task::Column::OrgId.eq(org))
            .add(task::Column::Id.eq(state.id.uuid()))
            .add(task::Column::Version.eq(known));
        versioned::save(&self.transaction, row, known, unchanged).await?;
        self.index_people_and_labels(org, &state, known != 0).await?;
        self.stamp(events);
        Ok(state)
    }

    async fn next_number(&mut self, project: ProjectId) -> Result<i64, StoreError> {
        let (org, id) = (self.org()?, project.uuid());
        if self.backend == DbBackend::MySql {
            return self.next_number_without_returning(org, id).await?.ok_or(StoreError::Stale);
        }
        let statement = Query::update()
            .table(project_counter::Entity)
            .value(project_counter::Column::LastNumber, Expr::col(project_counter::Column::LastNumber).add(1))
            .and_where(project_counter::Column::ProjectId.eq(id))
            .and_where(project_counter::Column::OrgId.eq(org))
            .returning_col(project_counter::Column::LastNumber)
            .to_owned();
        let row = self.transaction.query_one(&statement).await.stored()?.ok_or(StoreError::Stale)?;
        row.try_get_by_index(0).stored()
    }

    async fn lock_nesting(&mut self, project: ProjectId) -> Result<(), StoreError> {
        project_counter::Entity::find_by_id(project.uuid())
            .filter(project_counter::Column::OrgId.eq(self.org()?))
            .lock_exclusive()
            .one(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }

    async fn lineage(&mut self, task: TaskId) -> Result<Option<(ProjectId, Vec<TaskId>)>, StoreError> {
        let org = self.org()?;
        let row: Option<(Uuid, Option<Uuid>)> = task::Entity::find_by_id(task.uuid())
            .select_only()
            .columns([task::Column::ProjectId, task::Column::ParentId])
            .filter(task::Column::OrgId.eq(org))
            .filter(task::Column::DeletedAt.is_null())
            .into_tuple()
            .one(&self.transaction)
            .await
            .stored()?;
        let Some((project, parent)) = row else { return Ok(None) };
        let ancestors = match parent {
            Some(parent) => self.ancestors(org, parent).await?,
            None => Vec::new(),
        };
        Ok(Some((project.into(), ancestors)))
    }
}

impl SqlUnitOfWork {
    /// MySQL cannot return what an update wrote; the row stays locked, so reading it back is safe.
    async fn next_number_without_returning(&self, org: Uuid, project: Uuid) -> Result<Option<i64>, StoreError> {
        let of_project = Condition::all()
            .add(project_counter::Column::ProjectId.eq(project))
            .add(project_counter::Column::OrgId.eq(org));
        project_counter::Entity::update_many()
            .col_expr(project_counter::Column::LastNumber, Expr::col(project_counter::Column::LastNumber).add(1))
            .filter(of_project.clone())
            .exec(&self.transaction)
            .await
            .stored()?;
        let row = project_counter::Entity::find().filter(of_project).one(&self.transaction).await.stored()?;
        Ok(row.map(|row| row.last_number))
    }

    /// The task itself and all above it, nearest first, in one query.
    async fn ancestors(&self, org: Uuid, task: Uuid) -> Result<Vec<TaskId>, StoreError> {
        let (chain, id, parent, depth) =
            (Alias::new("chain"), Alias::new("id"), Alias::new("parent_id"), Alias::new("depth"));
        let above = Query::select()
            .expr(Expr::col((task::Entity, task::Column::Id)))
            .expr(Expr::col((task::Entity, task::Column::ParentId)))
            .expr(Expr::col((chain.clone(), depth.clone())).add(1))
            .from(task::Entity)
            .inner_join(
                chain.clone(),
                Expr::col((task::Entity, task::Column::Id)).equals((chain.clone(), parent.clone())),
            )
            .and_where(Expr::col((task::Entity, task::Column::OrgId)).eq(org))
            // A guard only: chains are short, because nesting is bounded.
            .and_where(Expr::col((chain.clone(), depth.clone())).lt(100))
            .to_owned();
        let start = Query::select()
            .column(task::Column::Id)
            .column(task::Column::ParentId)
            .expr(Expr::val(0))
            .from(task::Entity)
            .and_where(task::Column::OrgId.eq(org))
            .and_where(task::Column::Id.eq(task))
            .union(UnionType::All, above)
            .to_owned();
        let table = CommonTableExpression::new()
            .query(start)
            .columns([id.clone(), parent, depth.clone()])
            .table_name(chain.clone())
            .to_owned();
        let clause = WithClause::new().recursive(true).cte(table).to_owned();
        let select =
            Query::select().column(id).from(chain).order_by(depth, sea_orm::Order::Asc).to_owned().with(clause);
        let rows = self.transaction.query_all(&select).await.stored()?;
        rows.iter().map(|row| Ok(row.try_get_by_index::<Uuid>(0).stored()?.into())).collect()
    }

    /// Keeps the tables by which assignees and labels are found in step with the row.
    async fn index_people_and_labels(&self, org: Uuid, state: &TaskState, replace: bool) -> Result<(), StoreError> {
        let task = state.id.uuid();
        if replace {
            let of_task = task_assignee::Column::TaskId.eq(task);
            task_assignee::Entity::delete_many().filter(of_task).exec(&self.transaction).await.stored()?;
            let of_task = task_label::Column::TaskId.eq(task);
            task_label::Entity::delete_many().filter(of_task).exec(&self.transaction).await.stored()?;
        }
        let people: Vec<_> = state
            .assignees
            .as_slice()
            .iter()
            .map(|user| task_assignee::Model { task_id: task, user_id: user.uuid(), org_id: org }.into_active_model())
            .collect();
        if !people.is_empty() {
            task_assignee::Entity::insert_many(people).exec_without_returning(&self.transaction).await.stored()?;
        }
        let labels: Vec<_> = state
            .labels
            .iter()
            .map(|label| task_label::Model { task_id: task, label: label.to_owned(), org_id: org }.into_active_model())
            .collect();
        if !labels.is_empty() {
            task_label::Entity::insert_many(labels).exec_without_returning(&self.transaction).await.stored()?;
        }
        Ok(())
    }
}

fn row(org: Uuid, state: &TaskState) -> Result<task::Model, StoreError> {
    let assignees: Vec<Uuid> = state.assignees.as_slice().iter().map(|user| user.uuid()).collect();
    Ok(task::Model {
        id: state.id.uuid(),
        org_id: org,
        project_id: state.project_id.uuid(),
        project_key: state.key.project().to_string(),
        number: state.number,
        task_type: state.task_type.as_str().to_owned(),
        title: state.title.to_string(),
        description: state.description.as_ref().map(|text| text.as_str().to_owned()),
        status: state.status.key.to_string(),
        status_category: state.status.category.as_str().to_owned(),
        priority: state.priority.rank(),
        reporter_id: state.reporter_id.uuid(),
        assignee_ids: to_json(&assignees)?,
        labels: to_json(&state.labels.to_strings())?,
        parent_id: state.parent_id.map(TaskId::uuid),
        start_date: state.start_date,
        due_date: state.due_date,
        estimate: state.estimate.map(Estimate::points),
        version: state.version,
        created_at: state.created_at,
        updated_at: state.updated_at,
        completed_at: state.completed_at,
        deleted_at: state.deleted_at,
    })
}

fn state(row: task::Model) -> Result<TaskState, StoreError> {
    Ok(TaskState {
        key: task_key(&row),
        assignees: Assignees::restore(assignees_of(&row)?),
        labels: Labels::restore(from_json(&row.labels)?),
        id: row.id.into(),
        project_id: row.project_id.into(),
        number: row.number,
        task_type: named("task type", &row.task_type, TaskType::parse)?,
        title: TaskTitle::restore(row.title),
        description: row.description.map(TaskDescription::restore),
        status: Status {
            key: StatusKey::restore(row.status),
            category: named("status category", &row.status_category, StatusCategory::parse)?,
        },
        priority: priority_of(row.priority)?,
        reporter_id: row.reporter_id.into(),
        parent_id: row.parent_id.map(Into::into),
        start_date: row.start_date,
        due_date: row.due_date,
        estimate: row.estimate.map(Estimate::restore),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        completed_at: row.completed_at,
        deleted_at: row.deleted_at,
    })
}

impl SqlUnitOfWork {
    /// Takes a user off all tasks of the organization, or of some projects. The list beside the row is text, so it is
    /// edited as such: it holds each id once, in quotes.
    pub(in super::super) async fn unassign(
        &mut self,
        org: Uuid,
        user: UserId,
        projects: Option<&[ProjectId]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let quoted = format!("\"{user}\"");
        let mut list = Expr::expr(Expr::col(task::Column::AssigneeIds));
        for part in [format!("{quoted},"), format!(",{quoted}"), quoted] {
            list = Func::cust("REPLACE").arg(list).arg(part).arg("").into();
        }
        let assigned = Query::select()
            .column(task_assignee::Column::TaskId)
            .from(task_assignee::Entity)
            .and_where(task_assignee::Column::OrgId.eq(org))
            .and_where(task_assignee::Column::UserId.eq(user.uuid()))
            .to_owned();
        task::Entity::update_many()
            .col_expr(task::Column::AssigneeIds, list)
            .col_expr(task::Column::Version, Expr::col(task::Column::Version).add(1))
            .col_expr(task::Column::UpdatedAt, Expr::val(now))
            .filter(task::Column::OrgId.eq(org))
            .filter(task::Column::Id.in_subquery(assigned))
            .apply_if(projects, |update, some| {
                update.filter(task::Column::ProjectId.is_in(some.iter().map(|project| project.uuid())))
            })
            .exec(&self.transaction)
            .await
            .stored()?;
        // After the update, and of what is there now: at least the rows that the update found.
        let changed: Vec<Uuid> = task_assignee::Entity::find()
            .select_only()
            .column(task_assignee::Column::TaskId)
            .filter(task_assignee::Column::OrgId.eq(org))
            .filter(task_assignee::Column::UserId.eq(user.uuid()))
            .apply_if(projects, |select, some| {
                select.filter(task_assignee::Column::TaskId.in_subquery(tasks_of(org, some)))
            })
            .lock_exclusive()
            .into_tuple()
            .all(&self.transaction)
            .await
            .stored()?;
        self.touch(changed.into_iter().map(|task| Resource::Task(task.into())));
        task_assignee::Entity::delete_many()
            .filter(task_assignee::Column::OrgId.eq(org))
            .filter(task_assignee::Column::UserId.eq(user.uuid()))
            .apply_if(projects, |delete, some| {
                delete.filter(task_assignee::Column::TaskId.in_subquery(tasks_of(org, some)))
            })
            .exec(&self.transaction)
            .await
            .stored()?;
        Ok(())
    }
}
