use std::time::Duration;

use chrono::NaiveDate;
use tenon_application::tasks::{DeleteTask, EditTask, RestoreTask, TaskFields, TaskRef, TaskView, TransitionTask};
use tenon_application::{AppError, StoreError};
use tenon_domain::access::Visibility;
use tenon_domain::projects::{ProjectKey, Workflow};
use tenon_domain::tasks::{
    Assignees, Edit, Estimate, Labels, NewTask, Task, TaskDescription, TaskKey, TaskPriority, TaskTitle, TaskType,
};

use super::fixture::{Fixture, new_task};
use super::on_every_database;

on_every_database! {
    a_task_comes_back_as_saved,
    numbers_have_no_gaps_under_concurrency,
    concurrent_edits_are_all_kept,
    a_lineage_is_the_way_to_the_top,
    the_trash_hides_tasks,
}

fn day(text: &str) -> Option<NaiveDate> {
    Some(text.parse().unwrap())
}

async fn a_task_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let mut unit = fixture.unit(&ada).await;
    let number = unit.tasks().next_number(project.id).await.unwrap();
    let id = fixture.id();
    let new = NewTask {
        id,
        project_id: project.id,
        key: TaskKey::new(ProjectKey::parse("ENG").unwrap(), number),
        number,
        task_type: TaskType::Bug,
        title: TaskTitle::parse("Fix the \"dœr\" 🚪").unwrap(),
        description: TaskDescription::parse(&"🚪\n".repeat(25_000)).unwrap(),
        status: Workflow::standard().find("in_review").unwrap().clone(),
        priority: TaskPriority::Urgent,
        assignees: Assignees::parse([fixture.id(), ada.viewer.user]).unwrap(),
        labels: Labels::parse(["zoo", "a \"quoted\" one", "Ä"]).unwrap(),
        parent: None,
        start_date: day("1970-01-01"),
        due_date: day("9999-12-31"),
        estimate: Some(Estimate::parse(10_000).unwrap()),
    };
    let task = Task::create(new, ada.viewer.user, fixture.now()).unwrap();
    let saved = unit.tasks().save(task).await.unwrap();
    unit.commit().await.unwrap();

    let by_key = TaskRef::Key(TaskKey::parse("ENG-1").unwrap());
    let mut unit = fixture.unit(&ada).await;
    let found = unit.tasks().find(&by_key).await.unwrap().unwrap();
    assert_eq!(*found.state(), saved);
    assert_eq!(*unit.tasks().find(&TaskRef::Id(id)).await.unwrap().unwrap().state(), saved);
    assert!(unit.tasks().find(&TaskRef::Id(fixture.id())).await.unwrap().is_none());
    assert!(unit.tasks().find(&TaskRef::Key(TaskKey::parse("ENG-2").unwrap())).await.unwrap().is_none());
    for task in [&by_key, &TaskRef::Id(id)] {
        assert_eq!(fixture.queries.tasks.find(ada.viewer, task).await.unwrap(), Some(TaskView::from(saved.clone())));
    }

    let (mut first, mut second) = (found.clone(), found);
    fixture.clock.advance(Duration::from_millis(1));
    let nothing = Edit {
        description: Some(None),
        assignees: Some(Assignees::default()),
        labels: Some(Labels::default()),
        start_date: Some(None),
        due_date: Some(None),
        estimate: Some(None),
        ..Edit::default()
    };
    first.edit(nothing, fixture.now()).unwrap();
    let done = Workflow::standard().find("done").unwrap().clone();
    first.transition(done.clone(), fixture.now()).unwrap();
    second.transition(done, fixture.now()).unwrap();
    let edited = unit.tasks().save(first).await.unwrap();
    assert_eq!((edited.version, edited.completed_at), (2, Some(fixture.now())));
    assert_eq!(*unit.tasks().find(&by_key).await.unwrap().unwrap().state(), edited);
    assert_eq!(unit.tasks().save(second).await, Err(StoreError::Stale));
}

async fn numbers_have_no_gaps_under_concurrency(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let mut creations = tokio::task::JoinSet::new();
    for number in 0..20 {
        let (app, actor) = (fixture.app.clone(), ada.actor.clone());
        creations.spawn(async move { app.execute(&actor, new_task(project, &format!("Task {number}"))).await });
    }
    // One that fails after taking its number gives it back.
    let (app, actor) = (fixture.app.clone(), ada.actor.clone());
    let mut refused = new_task(project, "Due before it starts");
    (refused.start_date, refused.due_date) = (day("2026-02-02"), day("2026-02-01"));
    let refusal = tokio::spawn(async move { app.execute(&actor, refused).await });
    let mut numbers: Vec<i64> = creations.join_all().await.into_iter().map(|created| created.unwrap().number).collect();
    assert!(matches!(refusal.await.unwrap(), Err(AppError::Violations(_))));
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(fixture.task(&ada, project, "The next one").await.number, 21);
}

async fn concurrent_edits_are_all_kept(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let task = fixture.task(&ada, project.id, "Fix the door").await;
    let edits = [
        TaskFields { title: Some(TaskTitle::parse("Fix the gate").unwrap()), ..TaskFields::default() },
        TaskFields { priority: Some(TaskPriority::High), ..TaskFields::default() },
        TaskFields { labels: Some(Labels::parse(["gate"]).unwrap()), ..TaskFields::default() },
        TaskFields { due_date: Some(day("2026-12-24")), ..TaskFields::default() },
    ];
    let mut running = tokio::task::JoinSet::new();
    for fields in edits {
        let (app, actor) = (fixture.app.clone(), ada.actor.clone());
        let edit = EditTask { task: TaskRef::Id(task.id), fields, expected_version: None };
        running.spawn(async move { app.execute(&actor, edit).await });
    }
    let mut versions: Vec<i64> = running.join_all().await.into_iter().map(|edited| edited.unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5]);
    let after = fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(task.id)).await.unwrap().unwrap();
    assert_eq!((after.title.as_str(), after.priority, after.version), ("Fix the gate", TaskPriority::High, 5));
    assert_eq!((after.labels, after.due_date), (vec!["gate".to_owned()], day("2026-12-24")));
    let stale = TransitionTask { task: TaskRef::Id(task.id), status: "done".into(), expected_version: Some(4) };
    assert_eq!(fixture.app.execute(&ada.actor, stale).await.unwrap_err(), AppError::PreconditionFailed);
}

async fn a_lineage_is_the_way_to_the_top(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let mut chain = Vec::new();
    for depth in 0..4 {
        let mut create = new_task(project.id, &format!("Level {depth}"));
        create.parent_id = chain.last().copied();
        chain.push(fixture.app.execute(&ada.actor, create).await.unwrap().id);
    }
    fixture.task(&ada, project.id, "Beside them").await;
    let mut unit = fixture.unit(&ada).await;
    for (depth, task) in chain.iter().enumerate() {
        let above: Vec<_> = chain[..depth].iter().rev().copied().collect();
        assert_eq!(unit.tasks().lineage(*task).await.unwrap(), Some((project.id, above)));
    }
    assert_eq!(unit.tasks().lineage(fixture.id()).await.unwrap(), None);
}

async fn the_trash_hides_tasks(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let id = fixture.task(&ada, project.id, "Fix the door").await.id;
    let task = || TaskRef::Id(id);
    fixture.app.execute(&ada.actor, DeleteTask { task: task(), expected_version: Some(1) }).await.unwrap();
    assert_eq!(fixture.queries.tasks.find(ada.viewer, &task()).await.unwrap(), None);
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.tasks().find(&task()).await.unwrap().is_some());
    assert_eq!(unit.tasks().lineage(id).await.unwrap(), None);
    drop(unit);
    let restored = fixture.app.execute(&ada.actor, RestoreTask { task: task() }).await.unwrap();
    assert_eq!(fixture.queries.tasks.find(ada.viewer, &task()).await.unwrap(), Some(restored));
}
