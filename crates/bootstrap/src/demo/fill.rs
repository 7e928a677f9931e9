//! Carries the plan out: every change is a command of the person who would make it, at the time they would.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta};
use tenon_application::identity::AcceptInvitationInput;
use tenon_application::identity::{Accounts, RegisterInput, SignedIn};
use tenon_application::organizations::CreateInvitation;
use tenon_application::ports::Clock;
use tenon_application::projects::{CreateProject, ProjectRef, SetProjectMember};
use tenon_application::tasks::{CreateTask, TaskRef, TransitionTask};
use tenon_application::{Actor, AppError, Origin, Viewer};
use tenon_domain::identity::{DisplayName, Email, Password};
use tenon_domain::projects::{ProjectDescription, ProjectKey, ProjectName};
use tenon_domain::tasks::{Assignees, Estimate, Labels, TaskDescription, TaskTitle};
use tenon_domain::{ProjectId, SessionId, TaskId, Timestamp, UserId};

use super::people::{DemoProject, ORGANIZATION, PASSWORD, PEOPLE, PROJECTS, Person};
use super::plan::{PlannedTask, WEEKS, plan};

/// A clock that is set, so that the history lies in the past.
struct SetClock(AtomicI64);

impl SetClock {
    fn set(&self, time: Timestamp) {
        self.0.store(time.timestamp_millis(), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

/// How much was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) people: usize,
    pub(crate) projects: usize,
    pub(crate) tasks: usize,
    pub(crate) moves: usize,
}

/// Fills the deployment, unless somebody has registered before.
pub(crate) async fn fill(accounts: &Accounts) -> Result<Option<Filled>, AppError> {
    let founder = Email::parse(PEOPLE[0].email)?;
    if accounts.app.queries.identity.credentials(&founder).await?.is_some() {
        return Ok(None);
    }
    let now = accounts.app.clock.now();
    let clock = Arc::new(SetClock(AtomicI64::new(now.timestamp_millis())));
    let mut accounts = accounts.clone();
    accounts.app.clock = clock.clone();
    let mut filling = Filling { accounts, clock, people: Vec::new(), projects: Vec::new() };
    filling.gather_people(now - TimeDelta::weeks(WEEKS)).await?;
    filling.found_projects(now - TimeDelta::weeks(WEEKS) + TimeDelta::hours(4)).await?;
    let tasks = plan(now);
    let moves = filling.work_through(&tasks).await?;
    Ok(Some(Filled { people: PEOPLE.len(), projects: PROJECTS.len(), tasks: tasks.len(), moves }))
}

struct Filling {
    accounts: Accounts,
    clock: Arc<SetClock>,
    people: Vec<Actor>,
    projects: Vec<ProjectId>,
}

/// Something that happens in the plan.
enum Step {
    Create(usize),
    Move(usize, &'static str),
}

impl Filling {
    async fn gather_people(&mut self, begin: Timestamp) -> Result<(), AppError> {
        for (person, hour) in PEOPLE.iter().zip(0..) {
            self.clock.set(begin + TimeDelta::minutes(hour * 23));
            let signed_in = match self.people.first().cloned() {
                None => self.found_organization(person).await?,
                Some(founder) => self.invite(&founder, person).await?,
            };
            let viewer = Viewer::new(signed_in.user.id, signed_in.organization.id, signed_in.organization.role);
            let session = SessionId::new(self.accounts.app.ids.next_id());
            self.people.push(Actor::user(viewer, session, origin()));
        }
        Ok(())
    }

    async fn found_organization(&self, person: &Person) -> Result<SignedIn, AppError> {
        let input = RegisterInput {
            email: person.email.to_owned(),
            password: Password::attempt(PASSWORD.to_owned()),
            display_name: person.name.to_owned(),
            organization_name: ORGANIZATION.to_owned(),
        };
        self.accounts.register(&Actor::anonymous(origin()), input).await
    }

    async fn invite(&self, founder: &Actor, person: &Person) -> Result<SignedIn, AppError> {
        let invitation = CreateInvitation { email: Email::parse(person.email)?, role: person.role.into() };
        let invitation = self.accounts.app.execute(founder, invitation).await?;
        let input = AcceptInvitationInput {
            token: self.accounts.invitation_tokens.issue(invitation.id),
            display_name: Some(DisplayName::parse(person.name)?),
            password: Some(Password::attempt(PASSWORD.to_owned())),
        };
        self.accounts.accept_invitation(&Actor::anonymous(origin()), input).await
    }

    async fn found_projects(&mut self, begin: Timestamp) -> Result<(), AppError> {
        for (project, hour) in PROJECTS.iter().zip(0..) {
            self.clock.set(begin + TimeDelta::hours(hour));
            let id = self.found_project(project).await?;
            self.projects.push(id);
        }
        Ok(())
    }

    async fn found_project(&self, project: &DemoProject) -> Result<ProjectId, AppError> {
        let lead = &self.people[project.lead];
        let create = CreateProject {
            key: ProjectKey::parse(project.key)?,
            name: ProjectName::parse(project.name)?,
            description: ProjectDescription::parse(project.description)?,
            visibility: project.visibility,
            lead_id: lead.user_id(),
        };
        let id = self.accounts.app.execute(lead, create).await?.id;
        for (person, role) in project.members {
            let user = self.people[*person].viewer()?.user;
            let add = SetProjectMember { project: ProjectRef::Id(id), user, role: (*role).into() };
            self.accounts.app.execute(lead, add).await?;
        }
        Ok(id)
    }

    /// Does everything in the order in which it happened. Answers how often a task moved.
    async fn work_through(&self, tasks: &[PlannedTask]) -> Result<usize, AppError> {
        let mut agenda: Vec<(Timestamp, Step)> = Vec::new();
        let mut created: Vec<Option<TaskId>> = vec![None; tasks.len()];
        for (index, task) in tasks.iter().enumerate() {
            // A child cannot be made before its parent, wherever chance put them.
            let at = ancestors(tasks, index).map(|it| tasks[it].created_at).fold(task.created_at, Timestamp::max);
            agenda.push((at, Step::Create(index)));
            agenda.extend(task.moves.iter().map(|(moved, status)| ((*moved).max(at), Step::Move(index, status))));
        }
        // Stable: what happens at the same moment happens in the order of the plan.
        agenda.sort_by_key(|(at, _)| *at);
        let mut moves = 0;
        for (at, step) in agenda {
            self.clock.set(at);
            match step {
                Step::Create(index) => created[index] = Some(self.create(&tasks[index], &created).await?),
                Step::Move(index, status) => {
                    if let Some(id) = created[index] {
                        self.transition(&tasks[index], id, status).await?;
                        moves += 1;
                    }
                }
            }
        }
        Ok(moves)
    }

    async fn create(&self, task: &PlannedTask, created: &[Option<TaskId>]) -> Result<TaskId, AppError> {
        let assignees: Vec<UserId> =
            task.assignees.iter().filter_map(|person| self.people[*person].user_id()).collect();
        let create = CreateTask {
            project_id: self.projects[task.project],
            title: TaskTitle::parse(&task.title)?,
            description: task.description.map(TaskDescription::parse).transpose()?.flatten(),
            task_type: task.task_type,
            priority: task.priority,
            assignees: Assignees::parse(assignees)?,
            labels: Labels::parse(&task.labels)?,
            start_date: task.start_date,
            due_date: task.due_date,
            parent_id: task.parent.and_then(|parent| created[parent]),
            estimate: task.estimate.map(Estimate::parse).transpose()?,
        };
        Ok(self.accounts.app.execute(&self.people[task.reporter], create).await?.id)
    }

    async fn transition(&self, task: &PlannedTask, id: TaskId, status: &str) -> Result<(), AppError> {
        let mover = task.assignees.first().copied().unwrap_or(task.reporter);
        let transition = TransitionTask { task: TaskRef::Id(id), status: status.to_owned(), expected_version: None };
        self.accounts.app.execute(&self.people[mover], transition).await.map(|_| ())
    }
}

fn ancestors(tasks: &[PlannedTask], index: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(tasks[index].parent, |parent| tasks[*parent].parent)
}

fn origin() -> Origin {
    Origin { user_agent: Some("tenon demo".to_owned()), ..Origin::default() }
}
