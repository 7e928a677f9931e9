use std::cmp::Ordering;
use std::time::Duration;

use chrono::NaiveDate;
use tenon_application::projects::{ProjectRef, SetProjectMember};
use tenon_application::tasks::{DeleteTask, TaskFilter, TaskRef, TaskSort, TaskView, TransitionTask};
use tenon_application::{PageRequest, SortBy};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::projects::StatusCategory;
use tenon_domain::tasks::{Assignees, Labels, TaskDescription, TaskPriority, TaskType};

use super::fixture::{Fixture, Person, new_task};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    every_sort_lists_every_task_once_in_order,
    a_walk_survives_inserts_and_deletes,
    filters_choose_tasks,
    tasks_of_a_private_project_exist_for_its_members_only,
}

/// The titles of all tasks that match, checked against the total.
async fn titles(fixture: &Fixture, person: &Person, filter: TaskFilter) -> Vec<String> {
    let (queries, filter) = (&fixture.queries.tasks, &filter);
    let sort = vec![SortBy { field: TaskSort::Title, descending: false }];
    let counted = PageRequest { include_total: true, ..request(1, sort.clone()) };
    let total = queries.list(person.viewer, filter, &counted).await.unwrap().total.unwrap();
    let listed =
        walk(request(3, sort), |request| async move { queries.list(person.viewer, filter, &request).await }).await;
    assert_eq!(total, listed.len() as u64);
    listed.into_iter().map(|task| task.title).collect()
}

/// Missing dates come last in either direction.
fn by_date(a: Option<NaiveDate>, b: Option<NaiveDate>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn compare(a: &TaskView, b: &TaskView, sort: SortBy<TaskSort>) -> Ordering {
    let directed = |ordering: Ordering| if sort.descending { ordering.reverse() } else { ordering };
    let project = |task: &TaskView| task.key.split('-').next().unwrap().to_owned();
    match sort.field {
        TaskSort::CreatedAt => directed(a.created_at.cmp(&b.created_at)),
        TaskSort::UpdatedAt => directed(a.updated_at.cmp(&b.updated_at)),
        TaskSort::Key => directed((project(a), a.number).cmp(&(project(b), b.number))),
        TaskSort::Title => directed(a.title.cmp(&b.title)),
        TaskSort::Priority => directed(a.priority.cmp(&b.priority)),
        TaskSort::StartDate => by_date(a.start_date, b.start_date, sort.descending),
        TaskSort::DueDate => by_date(a.due_date, b.due_date, sort.descending),
    }
}

async fn every_sort_lists_every_task_once_in_order(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let projects = [
        fixture.project(&ada, "ENG", Visibility::Organization).await.id,
        fixture.project(&ada, "BIZ", Visibility::Private).await.id,
    ];
    for number in 0..13_u32 {
        // Every value occurs several times, so that the id must decide.
        let mut create =
            new_task(projects[number as usize % 2], ["banana", "Apple", "äpfel", "cherry"][number as usize % 4]);
        create.priority = TaskPriority::ALL[number as usize % 5];
        create.due_date = (number % 3 != 0).then(|| NaiveDate::from_ymd_opt(2026, 1, number % 4 + 1).unwrap());
        create.start_date =
            (number % 5 == 0).then(|| NaiveDate::from_ymd_opt(1999, 12, 31).unwrap()).filter(|_| number % 3 == 0);
        let task = fixture.app.execute(&ada.actor, create).await.unwrap();
        if number % 3 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
        if number % 4 == 0 {
            let (task, status) = (TaskRef::Id(task.id), "todo".to_owned());
            fixture.app.execute(&ada.actor, TransitionTask { task, status, expected_version: None }).await.unwrap();
        }
    }
    let queries = &fixture.queries.tasks;
    let fields = [
        TaskSort::CreatedAt,
        TaskSort::UpdatedAt,
        TaskSort::Key,
        TaskSort::Title,
        TaskSort::Priority,
        TaskSort::StartDate,
        TaskSort::DueDate,
    ];
    let mut sorts = vec![vec![]];
    for field in fields {
        for descending in [false, true] {
            sorts.push(vec![SortBy { field, descending }]);
            let second = SortBy { field: TaskSort::DueDate, descending: !descending };
            sorts.push(vec![SortBy { field, descending }, second, SortBy { field: TaskSort::Title, descending }]);
        }
    }
    for sort in sorts {
        let listed = walk(request(4, sort.clone()), |request| async move {
            queries.list(ada.viewer, &TaskFilter::default(), &request).await
        })
        .await;
        assert_eq!(listed.len(), 13, "{sort:?}");
        // Newest first when nothing is asked for; else the id goes the way of the last criterion.
        let id_descending = sort.last().is_none_or(|last| last.descending);
        for pair in listed.windows(2) {
            let order = sort.iter().fold(Ordering::Equal, |order, sort| order.then(compare(&pair[0], &pair[1], *sort)));
            let by_id = pair[0].id.cmp(&pair[1].id);
            let order = order.then(if id_descending { by_id.reverse() } else { by_id });
            assert_eq!(order, Ordering::Less, "{sort:?}: {:?} before {:?}", pair[0], pair[1]);
        }
    }
}

async fn a_walk_survives_inserts_and_deletes(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    for number in 0..9 {
        fixture.task(&ada, project, &format!("Task {number}")).await;
    }
    let sort = vec![SortBy { field: TaskSort::Title, descending: false }];
    let mut page_request = request(3, sort);
    let mut seen: Vec<String> = Vec::new();
    loop {
        let page = fixture.queries.tasks.list(ada.viewer, &TaskFilter::default(), &page_request).await.unwrap();
        seen.extend(page.items.iter().map(|task| task.title.clone()));
        let Some(next) = page.next else { break };
        page_request.after = Some(next);
        // The row the position names goes away; others come before and after it.
        let task = TaskRef::Id(page.items.last().unwrap().id);
        fixture.app.execute(&ada.actor, DeleteTask { task, expected_version: None }).await.unwrap();
        fixture.task(&ada, project, "A new first one").await;
    }
    assert_eq!(seen, (0..9).map(|number| format!("Task {number}")).collect::<Vec<_>>());
}

async fn filters_choose_tasks(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let eng = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let ops = fixture.project(&ada, "OPS", Visibility::Organization).await.id;
    let date = |day| NaiveDate::from_ymd_opt(2026, 3, day);

    let mut door = new_task(eng, "a door");
    door.description = TaskDescription::parse("It creaks, 100%_sure").unwrap();
    (door.priority, door.due_date) = (TaskPriority::High, date(1));
    (door.assignees, door.labels) =
        (Assignees::parse([ada.viewer.user]).unwrap(), Labels::parse(["home", "wood"]).unwrap());
    let door = fixture.app.execute(&ada.actor, door).await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    let mut lamp = new_task(eng, "b lamp");
    (lamp.task_type, lamp.priority, lamp.due_date) = (TaskType::Bug, TaskPriority::Low, date(2));
    (lamp.assignees, lamp.labels) =
        (Assignees::parse([ada.viewer.user, bob.viewer.user]).unwrap(), Labels::parse(["home"]).unwrap());
    fixture.app.execute(&bob.actor, lamp).await.unwrap();
    let mut roof = new_task(ops, "c ROOF");
    (roof.task_type, roof.due_date) = (TaskType::Story, date(3));
    fixture.app.execute(&bob.actor, roof).await.unwrap();
    let (task, status) = (TaskRef::Id(door.id), "in_progress".to_owned());
    fixture.app.execute(&ada.actor, TransitionTask { task, status, expected_version: None }).await.unwrap();

    let all = TaskFilter::default;
    let text = |text: &str| TaskFilter { text: Some(text.to_owned()), ..all() };
    let (ada_id, bob_id) = (ada.viewer.user, bob.viewer.user);
    let one_second_ago = fixture.now() - Duration::from_secs(1);
    let cases: Vec<(TaskFilter, &[&str])> = vec![
        (all(), &["a door", "b lamp", "c ROOF"]),
        (TaskFilter { project_ids: vec![eng], ..all() }, &["a door", "b lamp"]),
        (TaskFilter { project_ids: vec![eng, ops], ..all() }, &["a door", "b lamp", "c ROOF"]),
        (TaskFilter { statuses: vec!["in_progress".into()], ..all() }, &["a door"]),
        (
            TaskFilter { statuses: vec!["in_progress".into(), "backlog".into()], ..all() },
            &["a door", "b lamp", "c ROOF"],
        ),
        (TaskFilter { categories: vec![StatusCategory::Backlog], ..all() }, &["b lamp", "c ROOF"]),
        (TaskFilter { assignees: vec![ada_id], ..all() }, &["a door", "b lamp"]),
        (TaskFilter { assignees: vec![bob_id], ..all() }, &["b lamp"]),
        (TaskFilter { assignees: vec![ada_id, bob_id], ..all() }, &["a door", "b lamp"]),
        (TaskFilter { reporters: vec![bob_id], ..all() }, &["b lamp", "c ROOF"]),
        (TaskFilter { priorities: vec![TaskPriority::High, TaskPriority::None], ..all() }, &["a door", "c ROOF"]),
        (TaskFilter { labels: vec!["home".into()], ..all() }, &["a door", "b lamp"]),
        (TaskFilter { labels: vec!["wood".into(), "home".into()], ..all() }, &["a door", "b lamp"]),
        (TaskFilter { labels: vec!["Home".into()], ..all() }, &[]),
        (TaskFilter { types: vec![TaskType::Bug, TaskType::Story], ..all() }, &["b lamp", "c ROOF"]),
        (TaskFilter { due_before: date(2), ..all() }, &["a door"]),
        (TaskFilter { due_after: date(2), ..all() }, &["c ROOF"]),
        (TaskFilter { due_after: date(1), due_before: date(3), ..all() }, &["b lamp"]),
        (TaskFilter { updated_after: Some(one_second_ago), ..all() }, &["a door", "b lamp", "c ROOF"]),
        (TaskFilter { updated_after: Some(fixture.now()), ..all() }, &[]),
        (TaskFilter { assignees: vec![ada_id], labels: vec!["wood".into()], ..all() }, &["a door"]),
        (TaskFilter { reporters: vec![bob_id], priorities: vec![TaskPriority::High], ..all() }, &[]),
        (text("DOOR"), &["a door"]),
        (text("roof"), &["c ROOF"]),
        (text("creaks"), &["a door"]),
        (text("100%_"), &["a door"]),
        (text("1_0"), &[]),
        (text("%"), &["a door"]),
        (text("eng-2"), &["b lamp"]),
        (text("'\\"), &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(titles(fixture, &ada, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn tasks_of_a_private_project_exist_for_its_members_only(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let guest = fixture.join(&ada, "guest", OrganizationRole::Guest).await;
    let open = fixture.project(&ada, "OPEN", Visibility::Organization).await.id;
    let secret = fixture.project(&bob, "SECRET", Visibility::Private).await.id;
    let in_open = fixture.task(&ada, open, "open").await;
    let in_secret = fixture.task(&bob, secret, "secret").await;
    assert_eq!(titles(fixture, &ada, TaskFilter::default()).await, ["open"]);
    assert_eq!(titles(fixture, &bob, TaskFilter::default()).await, ["open", "secret"]);
    assert!(titles(fixture, &guest, TaskFilter::default()).await.is_empty());
    let filter = TaskFilter { project_ids: vec![secret], text: Some("secret-1".into()), ..TaskFilter::default() };
    assert!(titles(fixture, &ada, filter.clone()).await.is_empty(), "nor when asked for by name");
    assert_eq!(titles(fixture, &bob, filter).await, ["secret"]);

    let queries = &fixture.queries.tasks;
    let sees = async |person: &Person, task: &TaskView| {
        queries.find(person.viewer, &TaskRef::Id(task.id)).await.unwrap().is_some()
    };
    assert!(sees(&ada, &in_open).await && !sees(&ada, &in_secret).await);
    assert!(sees(&bob, &in_open).await && sees(&bob, &in_secret).await);
    assert!(!sees(&guest, &in_open).await && !sees(&guest, &in_secret).await);
    let (project, user) = (ProjectRef::Id(secret), guest.viewer.user);
    let add = SetProjectMember { project, user, role: ProjectRole::Viewer.into() };
    fixture.app.execute(&bob.actor, add).await.unwrap();
    assert!(!sees(&guest, &in_open).await && sees(&guest, &in_secret).await);
}
