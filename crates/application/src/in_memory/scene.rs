use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use chrono::{TimeDelta, TimeZone, Utc};
use tenon_domain::access::{ProjectRole, Visibility};
use tenon_domain::identity::{Client, Session, TokenHash};
use tenon_domain::organizations::{TeamName, TeamState};
use tenon_domain::projects::{ProjectKey, ProjectName, ProjectState, Workflow};
use tenon_domain::tasks::{Assignees, Labels, TaskKey, TaskPriority, TaskState, TaskTitle, TaskType};
use tenon_domain::{OrganizationId, ProjectId, TaskId, TeamId, Timestamp};
use uuid::Uuid;

use super::cast::{Person, people};
use super::data::MemoryStore;
use super::doubles::{CountedIds, CountingBell, MemoryCache, StandingClock};
use super::excluded_addresses::PlainAddressDigests;
use crate::app::App;
use crate::audit::MockAuditQueries;
use crate::command::{Command, Tenancy};
use crate::documents::Documents;
use crate::documents::tests::{Everything, unfilled};
use crate::error::AppError;
use crate::identity::SessionDirectory;
use crate::notifications::MockNotificationQueries;
use crate::organizations::{MockOrganizationQueries, MockTeamQueries};
use crate::ports::Availability;
use crate::projects::MockProjectQueries;
use crate::query::Queries;
use crate::samples::new_task;
use crate::tasks::{CreateTask, MockTaskQueries};

pub(crate) fn project_id(n: u128) -> ProjectId {
    ProjectId::new(Uuid::from_u128(0xC0 + n))
}

pub(crate) fn task_id(n: u128) -> TaskId {
    TaskId::new(Uuid::from_u128(0xD0 + n))
}

pub(crate) fn team_id(n: u128) -> TeamId {
    TeamId::new(Uuid::from_u128(0x7EA0 + n))
}

/// Creates a task like those that [`Scene::add_task`] adds.
pub(crate) fn create_task(project: ProjectId) -> CreateTask {
    new_task(project, "Fix the door")
}

/// `minutes` after the story begins.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap() + TimeDelta::minutes(minutes)
}

/// The application on stores in memory, with people in it. It is minute 10 of the story.
pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) store: MemoryStore,
    pub(crate) cache: Arc<MemoryCache>,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) bell: Arc<CountingBell>,
}

impl Scene {
    pub(crate) const ACME: OrganizationId = OrganizationId::new(Uuid::from_u128(0xA0));

    pub(crate) fn new() -> Self {
        let store = MemoryStore::default();
        people(&mut store.data());
        let cache = Arc::new(MemoryCache::default());
        let clock = Arc::new(StandingClock(AtomicI64::new(10)));
        let bell = Arc::new(CountingBell::default());
        let queries = Queries {
            identity: Arc::new(store.clone()),
            tokens: Arc::new(store.clone()),
            passkeys: Arc::new(store.clone()),
            identity_providers: Arc::new(store.clone()),
            organizations: Arc::new(MockOrganizationQueries::new()),
            teams: Arc::new(MockTeamQueries::new()),
            domains: Arc::new(store.clone()),
            projects: Arc::new(MockProjectQueries::new()),
            tasks: Arc::new(MockTaskQueries::new()),
            notifications: Arc::new(MockNotificationQueries::new()),
            audit: Arc::new(MockAuditQueries::new()),
        };
        let app = App {
            transactions: Arc::new(store.clone()),
            sessions: SessionDirectory::new(cache.clone(), queries.identity.clone()),
            queries,
            replica: None,
            documents: Documents::new(cache.clone(), Arc::new(store.clone())),
            relay: bell.clone(),
            clock: clock.clone(),
            ids: Arc::new(CountedIds::default()),
            addresses: Arc::new(PlainAddressDigests),
            tenancy: Tenancy::Multi,
            session_max_age: TimeDelta::days(90),
            availability: Availability::always(),
        };
        Self { app, store, cache, clock, bell }
    }

    /// Stores the sessions that everybody acts with, for what looks at them again.
    pub(crate) fn with_sessions(self) -> Self {
        let sessions = Person::ALL.map(|who| {
            let hash = TokenHash::new(format!("refresh of {who:?}"));
            let client = Client::default();
            Session::start(who.session(), who.id(), who.organization(), hash, client, at(0)).state().clone()
        });
        self.store.data().sessions.extend(sessions);
        self
    }

    /// Runs a command, whatever it is, and checks that nothing is cached that it made untrue.
    pub(crate) async fn run<C: Command>(&self, who: Person, command: C) -> Result<C::Output, AppError> {
        // Tests also arrange things behind the application's back.
        self.cache.forget_documents();
        let before = Everything::of(&self.store);
        before.read(&self.app.documents).await;
        let outcome = self.app.execute(&who.actor(), command).await;
        for known in [before, Everything::of(&self.store)] {
            let (cached, stored) = (known.read(&self.app.documents).await, known.read(&unfilled(&self.store)).await);
            assert_eq!(cached, stored, "{} left something in the cache that is not true any more", C::NAME);
        }
        outcome
    }

    /// Adds a project that everybody in Acme but guests may work in.
    pub(crate) fn open_project(&self, n: u128, key: &str) -> ProjectId {
        self.add_project(n, key, Visibility::Organization, &[])
    }

    pub(crate) fn private_project(&self, n: u128, key: &str, members: &[(Person, ProjectRole)]) -> ProjectId {
        self.add_project(n, key, Visibility::Private, members)
    }

    pub(crate) fn add_project(
        &self,
        n: u128,
        key: &str,
        visibility: Visibility,
        members: &[(Person, ProjectRole)],
    ) -> ProjectId {
        let id = project_id(n);
        let state = ProjectState {
            id,
            key: ProjectKey::parse(key).unwrap(),
            name: ProjectName::parse("Project").unwrap(),
            description: None,
            visibility,
            lead_id: None,
            archived_at: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        };
        let mut data = self.store.data();
        data.projects.push((Self::ACME, state));
        data.roles.extend(members.iter().map(|(who, role)| (id, who.id(), (*role).into())));
        id
    }

    /// Adds a team with these people, which is in these projects.
    pub(crate) fn add_team(&self, n: u128, members: &[Person], projects: &[(ProjectId, ProjectRole)]) -> TeamId {
        let id = team_id(n);
        let state = TeamState {
            id,
            name: TeamName::parse(&format!("Team {n}")).unwrap(),
            description: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        };
        let mut data = self.store.data();
        data.teams.push((Self::ACME, state));
        data.team_members.extend(members.iter().map(|who| (id, who.id(), at(0))));
        data.team_roles.extend(projects.iter().map(|(project, role)| (*project, id, (*role).into())));
        id
    }

    /// Adds a task in the backlog, reported by the owner and assigned to these people.
    pub(crate) fn add_task(&self, n: u128, project: ProjectId, assignees: &[Person]) -> TaskId {
        let mut data = self.store.data();
        let key = data.projects.iter().find(|(_, it)| it.id == project).unwrap().1.key.clone();
        let number = i64::try_from(n).unwrap();
        let state = TaskState {
            id: task_id(n),
            project_id: project,
            key: TaskKey::new(key, number),
            number,
            task_type: TaskType::Task,
            title: TaskTitle::parse("Fix the door").unwrap(),
            description: None,
            status: Workflow::standard().initial().unwrap().clone(),
            priority: TaskPriority::None,
            reporter_id: Person::Owner.id(),
            assignees: Assignees::parse(assignees.iter().map(|it| it.id())).unwrap(),
            labels: Labels::default(),
            parent_id: None,
            start_date: None,
            due_date: None,
            estimate: None,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
            completed_at: None,
            deleted_at: None,
        };
        data.tasks.push((Self::ACME, state));
        task_id(n)
    }

    /// Takes somebody's access to Acme away, or gives it back, behind the application's back.
    pub(crate) fn set_suspended(&self, who: Person, since: Option<Timestamp>) {
        let mut data = self.store.data();
        let member = data.members.iter_mut().find(|(org, it)| *org == Self::ACME && it.user_id == who.id());
        member.unwrap().1.suspended_at = since;
    }

    /// Keeps somebody out of everything, or lets them in again, behind the application's back.
    pub(crate) fn set_deactivated(&self, who: Person, since: Option<Timestamp>) {
        let mut data = self.store.data();
        data.users.iter_mut().find(|it| it.id == who.id()).unwrap().deactivated_at = since;
    }

    pub(crate) fn archive(&self, project: ProjectId) {
        let mut data = self.store.data();
        let found = data.projects.iter_mut().find(|(_, it)| it.id == project);
        found.unwrap().1.archived_at = Some(at(1));
    }

    /// The names of all events that were committed.
    pub(crate) fn told(&self) -> Vec<String> {
        self.store.data().events.iter().map(|event| event.name.clone()).collect()
    }
}
