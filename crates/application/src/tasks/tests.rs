use tenon_domain::access::{Permission, ProjectRole};
use tenon_domain::projects::ProjectError;
use tenon_domain::tasks::{Assignees, TaskError, TaskKey, TaskTitle};
use tenon_domain::{Fact, TaskId, Violation};

use super::*;
use crate::error::AppError;
use crate::events::EventRecord;
use crate::in_memory::{Person, Scene, at, create_task, project_id, task_id};
use crate::page::{Page, PageRequest};
use crate::projects::{MockProjectQueries, ProjectRef};

fn people(people: &[Person]) -> Assignees {
    Assignees::parse(people.iter().map(|it| it.id())).unwrap()
}

fn rename(task: TaskId, title: &str) -> EditTask {
    let fields = TaskFields { title: TaskTitle::parse(title).ok(), ..TaskFields::default() };
    EditTask { task: TaskRef::Id(task), fields, expected_version: None }
}

fn transition(task: TaskId, status: &str) -> TransitionTask {
    TransitionTask { task: TaskRef::Id(task), status: status.to_owned(), expected_version: None }
}

fn broken(violation: impl Into<Violation>) -> AppError {
    AppError::Violations(vec![violation.into()])
}

fn refused<T>(permission: Permission) -> Result<T, AppError> {
    Err(AppError::Forbidden(permission))
}

fn facts(events: &[EventRecord]) -> Vec<Fact> {
    events.iter().map(|event| event.fact().unwrap()).collect()
}

#[tokio::test]
async fn a_task_is_created_in_the_first_status_with_the_next_number() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let command = CreateTask { assignees: people(&[Person::Peer]), ..create_task(project) };
    let view = scene.run(Person::Member, command.clone()).await.unwrap();
    assert_eq!((view.key.as_str(), view.number, view.status.as_str(), view.version), ("ENG-1", 1, "backlog", 1));
    assert_eq!((view.reporter_id, view.created_at), (Person::Member.id(), at(10)));
    assert_eq!(scene.run(Person::Peer, command).await.unwrap().key, "ENG-2");

    assert_eq!(scene.told(), ["task.created", "task.created"]);
    let event = scene.store.data().events[0].clone();
    assert_eq!((event.organization(), event.actor_user()), (Some(Scene::ACME), Some(Person::Member.id())));
    assert_eq!((event.project_id, event.subject.name.as_str()), (Some(project.uuid()), "ENG-1 Fix the door"));
}

#[tokio::test]
async fn nothing_changes_in_an_archived_project() {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let task = scene.add_task(1, project, &[]);
    scene.archive(project);
    let before = scene.store.data().clone();
    let archived = || broken(ProjectError::Archived);

    assert_eq!(scene.run(Person::Member, create_task(project)).await, Err(archived()));
    assert_eq!(scene.run(Person::Member, rename(task, "Other")).await, Err(archived()));
    assert_eq!(scene.run(Person::Member, transition(task, "done")).await, Err(archived()));
    let delete = DeleteTask { task: TaskRef::Id(task), expected_version: None };
    assert_eq!(scene.run(Person::Member, delete).await, Err(archived()));
    assert_eq!(*scene.store.data(), before);
}

#[tokio::test]
async fn only_who_can_see_the_project_can_be_assigned() {
    let scene = Scene::new();
    let open = scene.open_project(1, "ENG");
    let private = scene.private_project(2, "SEC", &[(Person::Member, ProjectRole::Manager)]);
    let outside = || broken(TaskError::AssigneeOutsideProject);
    for (project, assignee) in
        [(open, Person::Stranger), (open, Person::Guest), (private, Person::Peer), (private, Person::Owner)]
    {
        let command = CreateTask { assignees: people(&[Person::Member, assignee]), ..create_task(project) };
        assert_eq!(scene.run(Person::Member, command).await, Err(outside()), "{assignee:?}");
    }
    let task = scene.add_task(1, private, &[]);
    let fields = TaskFields { assignees: Some(people(&[Person::Peer])), ..TaskFields::default() };
    let assign = EditTask { task: TaskRef::Id(task), fields, expected_version: None };
    assert_eq!(scene.run(Person::Member, assign).await, Err(outside()));
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test]
async fn what_is_in_an_invisible_project_does_not_exist() {
    let scene = Scene::new();
    let private = scene.private_project(1, "SEC", &[(Person::Member, ProjectRole::Manager)]);
    let task = scene.add_task(1, private, &[]);
    let key = TaskRef::Key(TaskKey::parse("SEC-1").unwrap());
    for who in [Person::Owner, Person::Peer, Person::Guest, Person::Stranger] {
        let gone = AppError::NotFound("task");
        assert_eq!(scene.run(who, create_task(private)).await, Err(AppError::NotFound("project")), "{who:?}");
        assert_eq!(scene.run(who, rename(task, "Mine")).await, Err(gone.clone()), "{who:?}");
        assert_eq!(scene.run(who, transition(task, "done")).await, Err(gone.clone()), "{who:?}");
        let delete = DeleteTask { task: key.clone(), expected_version: Some(99) };
        assert_eq!(scene.run(who, delete).await, Err(gone.clone()), "{who:?}");
        assert_eq!(scene.run(who, RestoreTask { task: key.clone() }).await, Err(gone), "{who:?}");
    }
    assert_eq!(scene.told(), [""; 0], "and nobody is told that they tried");
}

#[tokio::test]
async fn a_viewer_may_look_but_not_touch() {
    let scene = Scene::new();
    let private = scene.private_project(1, "SEC", &[(Person::Peer, ProjectRole::Viewer)]);
    let task = scene.add_task(1, private, &[]);
    assert_eq!(scene.run(Person::Peer, create_task(private)).await, refused(Permission::CreateTask));
    assert_eq!(scene.run(Person::Peer, rename(task, "Mine")).await, refused(Permission::EditTask));
    assert_eq!(scene.run(Person::Peer, transition(task, "done")).await, refused(Permission::EditTask));
    let delete = DeleteTask { task: TaskRef::Id(task), expected_version: None };
    assert_eq!(scene.run(Person::Peer, delete).await, refused(Permission::DeleteTask));
    assert_eq!(scene.told(), ["permission.denied"; 4]);
}

#[tokio::test]
async fn a_stale_precondition_is_told_apart_from_a_lost_race() {
    let scene = Scene::new();
    let task = scene.add_task(1, scene.open_project(1, "ENG"), &[]);
    let at_version = |version| EditTask { expected_version: Some(version), ..rename(task, "Other") };
    assert_eq!(scene.run(Person::Member, at_version(2)).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.store.begun(), 1, "trying again would not help");
    assert_eq!(scene.run(Person::Member, at_version(1)).await.unwrap().version, 2);
    let stale = TransitionTask { expected_version: Some(1), ..transition(task, "done") };
    assert_eq!(scene.run(Person::Member, stale).await, Err(AppError::PreconditionFailed));
    let delete = DeleteTask { task: TaskRef::Id(task), expected_version: Some(1) };
    assert_eq!(scene.run(Person::Member, delete).await, Err(AppError::PreconditionFailed));
}

#[tokio::test]
async fn a_transition_goes_to_a_status_of_the_workflow() {
    let scene = Scene::new();
    let task = scene.add_task(1, scene.open_project(1, "ENG"), &[Person::Peer]);
    assert_eq!(scene.run(Person::Member, transition(task, "nowhere")).await, Err(broken(TaskError::UnknownStatus)));
    assert_eq!(scene.run(Person::Member, transition(task, "backlog")).await, Err(broken(TaskError::SameStatus)));
    let done = scene.run(Person::Member, transition(task, "done")).await.unwrap();
    assert_eq!((done.status.as_str(), done.completed_at), ("done", Some(at(10))));
    assert_eq!(scene.told(), ["task.completed"]);
}

#[tokio::test]
async fn a_parent_is_a_living_task_of_the_same_project() {
    let scene = Scene::new();
    let (eng, ops) = (scene.open_project(1, "ENG"), scene.open_project(2, "OPS"));
    let (above, elsewhere, gone) =
        (scene.add_task(1, eng, &[]), scene.add_task(2, ops, &[]), scene.add_task(3, eng, &[]));
    let delete = DeleteTask { task: TaskRef::Id(gone), expected_version: None };
    scene.run(Person::Member, delete).await.unwrap();

    for no_parent in [elsewhere, gone, task_id(99)] {
        let command = CreateTask { parent_id: Some(no_parent), ..create_task(eng) };
        assert_eq!(scene.run(Person::Member, command).await, Err(broken(TaskError::ParentNotFound)));
    }
    let child = scene.run(Person::Member, CreateTask { parent_id: Some(above), ..create_task(eng) }).await.unwrap();
    assert_eq!(child.parent_id, Some(above));

    let fields = TaskFields { parent_id: Some(Some(child.id)), ..TaskFields::default() };
    let cycle = EditTask { task: TaskRef::Id(above), fields, expected_version: None };
    assert_eq!(scene.run(Person::Member, cycle).await, Err(broken(TaskError::ParentCycle)));
}

#[tokio::test]
async fn the_trash_hides_a_task_from_everything_but_restoring() {
    let scene = Scene::new();
    let task = scene.add_task(1, scene.open_project(1, "ENG"), &[]);
    let restore = || RestoreTask { task: TaskRef::Id(task) };
    assert_eq!(scene.run(Person::Member, restore()).await, Err(broken(TaskError::NotInTrash)));
    let delete = || DeleteTask { task: TaskRef::Id(task), expected_version: None };
    scene.run(Person::Member, delete()).await.unwrap();
    assert_eq!(scene.run(Person::Member, delete()).await, Err(AppError::NotFound("task")));
    assert_eq!(scene.run(Person::Member, rename(task, "Other")).await, Err(AppError::NotFound("task")));
    assert_eq!(scene.run(Person::Member, restore()).await.unwrap().version, 3);
    assert_eq!(scene.told(), ["task.deleted", "task.restored"]);
}

#[tokio::test]
async fn an_edit_tells_what_it_changed_and_one_that_changes_nothing_is_silent() {
    let scene = Scene::new();
    let task = scene.add_task(1, scene.open_project(1, "ENG"), &[Person::Member]);
    scene.run(Person::Member, rename(task, "Fix the door")).await.unwrap();
    assert_eq!(scene.told(), [""; 0]);

    let fields = TaskFields { assignees: Some(people(&[Person::Peer])), ..TaskFields::default() };
    let assign = EditTask { task: TaskRef::Id(task), fields, expected_version: None };
    scene.run(Person::Member, assign).await.unwrap();
    let fact = tenon_domain::tasks::TaskFact::Assigned {
        added: vec![Person::Peer.id()],
        removed: vec![Person::Member.id()],
        reporter: Person::Owner.id(),
    };
    assert_eq!(facts(&scene.store.data().events), [Fact::Task(fact)]);
}

#[tokio::test]
async fn a_list_of_a_project_asks_for_that_project_only_and_only_if_it_is_visible() {
    let mut scene = Scene::new();
    let page = || PageRequest { limit: 5, after: None, sort: Vec::new(), include_total: false };
    let mut projects = MockProjectQueries::new();
    projects.expect_find_id().returning(|viewer, _| Ok((viewer.user == Person::Member.id()).then(|| project_id(1))));
    let mut tasks = MockTaskQueries::new();
    tasks
        .expect_list()
        .withf(|viewer, filter, _| *viewer == Person::Member.viewer() && filter.project_ids == [project_id(1)])
        .times(1)
        .returning(|_, _, _| Ok(Page { items: Vec::new(), next: None, total: None }));
    scene.app.queries.projects = std::sync::Arc::new(projects);
    scene.app.queries.tasks = std::sync::Arc::new(tasks);

    // Another project in the filter does not widen the list.
    let filter = TaskFilter { project_ids: vec![project_id(2)], ..TaskFilter::default() };
    let list = ListTasks { project: Some(ProjectRef::Id(project_id(1))), filter, page: page() };
    assert!(scene.app.ask(&Person::Member.actor(), list.clone()).await.is_ok());
    let hidden = scene.app.ask(&Person::Peer.actor(), list).await;
    assert_eq!(hidden.unwrap_err(), AppError::NotFound("project"));
}
