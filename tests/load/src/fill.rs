//! Fills a deployment through the application layer.
//!
//! Every task is made by the command `CreateTask` itself, with its checks, its number and its event; a hundred at a
//! time share one transaction, so that filling does not wait for the disk once for each.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{Days, NaiveDate, TimeDelta};
use futures::stream::{self, StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tenon_application::identity::{AcceptInvitationInput, Accounts, RegisterInput, SignedIn};
use tenon_application::organizations::CreateInvitation;
use tenon_application::ports::Clock;
use tenon_application::projects::CreateProject;
use tenon_application::tasks::CreateTask;
use tenon_application::{Actor, AppError, Command, Origin, TokenAccess, Viewer, Work};
use tenon_bootstrap::System;
use tenon_domain::access::{OrganizationRole, Visibility};
use tenon_domain::identity::{DisplayName, Email, Password};
use tenon_domain::projects::{ProjectDescription, ProjectKey, ProjectName};
use tenon_domain::tasks::{Assignees, Estimate, Labels, TaskDescription, TaskPriority, TaskTitle, TaskType};
use tenon_domain::{ProjectId, SessionId, TaskId, Timestamp, UserId};
use uuid::Uuid;

use crate::Outcome;

/// Of everybody in here.
pub(crate) const PASSWORD: &str = "a password for measuring";
/// The owner of the organization that is measured.
pub(crate) const OWNER: &str = "owner@load.example";
/// Whom the owner assigns tasks to.
pub(crate) const ASSIGNEE: &str = "assignee@load.example";
/// The owner of the other organization.
pub(crate) const NEIGHBOR: &str = "neighbor@load.example";
/// How many tasks the other organization has.
const NEIGHBOR_TASKS: u64 = 100;
/// How many tasks share a transaction.
const BATCH: u64 = 100;
const LABELS: [&str; 8] = ["api", "billing", "customer", "docs", "infra", "mobile", "regression", "security"];

/// What was made, by ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) assignee: Uuid,
    pub(crate) projects: Vec<Uuid>,
    pub(crate) tasks: Vec<Uuid>,
    pub(crate) neighbor_project: Uuid,
    pub(crate) neighbor_tasks: Vec<Uuid>,
}

/// Many tasks in one transaction.
struct CreateTasks(Vec<CreateTask>);

#[async_trait]
impl Command for CreateTasks {
    type Output = Vec<TaskId>;
    const NAME: &'static str = "load.create_tasks";
    const ACCESS: TokenAccess = TokenAccess::Internal;

    async fn handle(&self, work: &mut Work<'_>) -> Result<Vec<TaskId>, AppError> {
        let mut ids = Vec::with_capacity(self.0.len());
        for task in &self.0 {
            ids.push(task.handle(work).await?.id);
        }
        Ok(ids)
    }
}

/// Somebody who acts.
#[derive(Clone)]
struct Person {
    actor: Actor,
    id: UserId,
}

/// A clock that is behind, so that what is copied to later moments is not in the future.
struct Behind(Arc<dyn Clock>, TimeDelta);

impl Clock for Behind {
    fn now(&self) -> Timestamp {
        self.0.now() - self.1
    }
}

/// Fills an empty deployment with `tasks` tasks in `projects` projects, as if it were so many minutes ago.
pub(crate) async fn fill(system: &System, tasks: u64, projects: u64, minutes_ago: i64) -> Outcome<World> {
    let clock: Arc<dyn Clock> = Arc::new(Behind(system.app.clock.clone(), TimeDelta::minutes(minutes_ago)));
    let mut accounts = system.accounts.clone();
    accounts.app.clock = clock;
    let accounts = &accounts;
    let owner = register(accounts, OWNER, "Olivia Owner", "Measured").await?;
    let assignee = invite(accounts, &owner, ASSIGNEE, "Alan Assignee").await?;
    let mut world = World { assignee: assignee.id.uuid(), ..World::default() };
    for number in 0..projects {
        world.projects.push(create_project(accounts, &owner, &format!("LOAD{number}")).await?.uuid());
    }
    world.tasks = create_tasks(accounts, &owner, assignee.id, &world.projects, tasks).await?;
    let neighbor = register(accounts, NEIGHBOR, "Nora Neighbor", "Next door").await?;
    let project = create_project(accounts, &neighbor, "NEXT").await?.uuid();
    world.neighbor_project = project;
    world.neighbor_tasks = create_tasks(accounts, &neighbor, neighbor.id, &[project], NEIGHBOR_TASKS).await?;
    Ok(world)
}

/// Adds tasks to the projects of a deployment that was filled before.
pub(crate) async fn add_tasks(system: &System, world: &World, count: u64) -> Outcome<()> {
    let accounts = &system.accounts;
    let anonymous = Actor::anonymous(Origin::default());
    let granted = accounts.login(&anonymous, OWNER, password()).await?;
    let owner = person(accounts, &granted);
    create_tasks(accounts, &owner, world.assignee.into(), &world.projects, count).await.map(drop)
}

/// Some ids of tasks from all over the organization: one of each so many.
pub(crate) async fn sample(connection: &DatabaseConnection, one_of: u64) -> Outcome<Vec<Uuid>> {
    let query = format!("SELECT id FROM tasks WHERE project_key LIKE 'LOAD%' AND number % {one_of} = 0");
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), query)).await?;
    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
pub(crate) async fn viewer_of(system: &System) -> Outcome<Viewer> {
    let anonymous = Actor::anonymous(Origin::default());
    let granted = system.accounts.login(&anonymous, OWNER, password()).await?;
    Ok(person(&system.accounts, &granted).actor.viewer()?)
}

/// Creates tasks, spread evenly over the projects.
async fn create_tasks(
    accounts: &Accounts,
    reporter: &Person,
    assignee: UserId,
    projects: &[Uuid],
    count: u64,
) -> Outcome<Vec<Uuid>> {
    let shares = (0_u64..).zip(projects).map(|(index, project)| {
        let share = count / projects.len() as u64 + u64::from(index < count % projects.len() as u64);
        create_in_project(accounts, reporter, assignee, (*project).into(), share)
    });
    // A few at a time: creators in one project wait for each other, in different ones they don't.
    let made: Vec<Vec<Uuid>> = stream::iter(shares).buffered(4).try_collect().await?;
    Ok(made.concat())
}

async fn create_in_project(
    accounts: &Accounts,
    reporter: &Person,
    assignee: UserId,
    project: ProjectId,
    count: u64,
) -> Outcome<Vec<Uuid>> {
    let mut made = Vec::new();
    let mut number = 0;
    while number < count {
        let until = count.min(number + BATCH);
        let batch = (number..until).map(|number| task(project, assignee, number)).collect::<Outcome<Vec<_>>>()?;
        made.extend(accounts.app.execute(&reporter.actor, CreateTasks(batch)).await?.into_iter().map(TaskId::uuid));
        number = until;
    }
    Ok(made)
}

/// The task of that number: the same every time, and different enough from the next.
fn task(project: ProjectId, assignee: UserId, number: u64) -> Outcome<CreateTask> {
    let pick = |count: usize| usize::try_from(number).unwrap_or_default() % count;
    let priorities =
        [TaskPriority::None, TaskPriority::Low, TaskPriority::Medium, TaskPriority::High, TaskPriority::Urgent];
    let begin = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
    let description = "As an operator I want this to work without calling support, so that the line keeps running. \
                       Documented, and shown to support.";
    Ok(CreateTask {
        project_id: project,
        title: TaskTitle::parse(&format!("Make the measured thing number {number} work"))?,
        description: if number.is_multiple_of(2) { TaskDescription::parse(description)? } else { None },
        task_type: if number.is_multiple_of(5) { TaskType::Bug } else { TaskType::Task },
        priority: priorities[pick(priorities.len())],
        assignees: Assignees::parse((!number.is_multiple_of(3)).then_some(assignee))?,
        labels: Labels::parse([LABELS[pick(8)], LABELS[(pick(8) + pick(7) + 1) % 8]].map(str::to_owned))?,
        start_date: None,
        due_date: number.is_multiple_of(4).then(|| begin.checked_add_days(Days::new(number % 365))).flatten(),
        parent_id: None,
        estimate: Some(Estimate::parse(i64::try_from(number % 13)?)?),
    })
}

async fn register(accounts: &Accounts, email: &str, name: &str, organization: &str) -> Outcome<Person> {
    let input = RegisterInput {
        email: email.to_owned(),
        password: password(),
        display_name: name.to_owned(),
        organization_name: organization.to_owned(),
    };
    let granted = accounts.register(&Actor::anonymous(Origin::default()), input).await?;
    Ok(person(accounts, &granted))
}

async fn invite(accounts: &Accounts, owner: &Person, email: &str, name: &str) -> Outcome<Person> {
    let invitation = CreateInvitation { email: Email::parse(email)?, role: OrganizationRole::Member.into() };
    let invitation = accounts.app.execute(&owner.actor, invitation).await?;
    let input = AcceptInvitationInput {
        token: accounts.invitation_tokens.issue(invitation.id),
        display_name: Some(DisplayName::parse(name)?),
        password: Some(password()),
    };
    let granted = accounts.accept_invitation(&Actor::anonymous(Origin::default()), input).await?;
    Ok(person(accounts, &granted))
}

fn password() -> Password {
    Password::attempt(PASSWORD.to_owned())
}

fn person(accounts: &Accounts, granted: &SignedIn) -> Person {
    let viewer = Viewer::new(granted.user.id, granted.organization.id, granted.organization.role);
    let session = SessionId::new(accounts.app.ids.next_id());
    Person { actor: Actor::user(viewer, session, Origin::default()), id: granted.user.id }
}

async fn create_project(accounts: &Accounts, lead: &Person, key: &str) -> Outcome<ProjectId> {
    let create = CreateProject {
        key: ProjectKey::parse(key)?,
        name: ProjectName::parse(&format!("Project {key}"))?,
        description: ProjectDescription::parse("Made to be measured.")?,
        visibility: Visibility::Organization,
        lead_id: Some(lead.id),
    };
    Ok(accounts.app.execute(&lead.actor, create).await?.id)
}
