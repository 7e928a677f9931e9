use super::*;
use crate::{FieldChange, FieldValue};

/// What a single-field edit of the task from [`new_task`] records, as (field, from, to).
#[track_caller]
fn assert_change(edit: Edit, field: &'static str, from: impl Into<FieldValue>, to: impl Into<FieldValue>) {
    let mut task = stored(new_task());
    task.edit(edit, at(5)).unwrap();
    assert_eq!(task.state().updated_at, at(5));
    let recorded = events(task);
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].fact, Fact::Task(TaskFact::Updated { assignees: Vec::new(), reporter: user(1) }));
    assert_eq!(recorded[0].changes, [FieldChange { field, from: from.into(), to: to.into() }]);
}

#[test]
fn each_field_changes_on_its_own_and_says_so() {
    let none = FieldValue::Nothing;
    let title = TaskTitle::parse("Paint the door").unwrap();
    assert_change(Edit { title: Some(title), ..Edit::default() }, "title", "Fix the door", "Paint the door");
    let description = TaskDescription::parse("It squeaks").unwrap();
    assert_change(
        Edit { description: Some(description), ..Edit::default() },
        "description",
        none.clone(),
        "It squeaks",
    );
    assert_change(Edit { task_type: Some(TaskType::Bug), ..Edit::default() }, "type", "task", "bug");
    assert_change(Edit { priority: Some(TaskPriority::High), ..Edit::default() }, "priority", "none", "high");
    let labels = Labels::parse(["wood"]).unwrap();
    assert_change(
        Edit { labels: Some(labels), ..Edit::default() },
        "labels",
        Vec::<String>::new(),
        vec!["wood".to_owned()],
    );
    assert_change(
        Edit { parent: Some(Some(parent(9, &[]))), ..Edit::default() },
        "parent_id",
        none.clone(),
        task_id(9).to_string(),
    );
    let date = day(2026, 12, 24);
    assert_change(Edit { start_date: Some(Some(date)), ..Edit::default() }, "start_date", none.clone(), date);
    assert_change(Edit { due_date: Some(Some(date)), ..Edit::default() }, "due_date", none.clone(), date);
    let estimate = Estimate::parse(5).unwrap();
    assert_change(Edit { estimate: Some(Some(estimate)), ..Edit::default() }, "estimate", none, 5_i64);
}

#[test]
fn fields_can_be_cleared() {
    let mut task = stored(NewTask {
        description: TaskDescription::parse("It squeaks").unwrap(),
        parent: Some(parent(9, &[])),
        start_date: Some(day(2026, 1, 1)),
        due_date: Some(day(2026, 1, 2)),
        estimate: Some(Estimate::parse(3).unwrap()),
        ..new_task()
    });
    let clear = Edit {
        description: Some(None),
        parent: Some(None),
        start_date: Some(None),
        due_date: Some(None),
        estimate: Some(None),
        ..Edit::default()
    };
    task.edit(clear, at(5)).unwrap();

    let state = task.state();
    assert_eq!((&state.description, state.parent_id, state.estimate), (&None, None, None));
    assert_eq!((state.start_date, state.due_date), (None, None));
    let changes = events(task).remove(0).changes;
    let fields: Vec<_> = changes.iter().map(|change| change.field).collect();
    assert_eq!(fields, ["description", "parent_id", "start_date", "due_date", "estimate"]);
    assert!(changes.iter().all(|change| change.to == FieldValue::Nothing && change.from != FieldValue::Nothing));
}

#[test]
fn an_edit_that_changes_nothing_leaves_no_trace() {
    let mut task = stored(new_task());
    task.edit(Edit::default(), at(5)).unwrap();
    let title = Some(TaskTitle::parse("  Fix the door ").unwrap());
    task.edit(Edit { title, priority: Some(TaskPriority::None), ..Edit::default() }, at(6)).unwrap();

    assert_eq!(task.state().updated_at, at(0));
    assert_eq!(events(task), []);
}

#[test]
fn a_change_of_assignees_is_an_event_of_its_own() {
    let mut task = stored(NewTask { assignees: assignees(&[2, 3]), ..new_task() });
    task.edit(Edit { assignees: Some(assignees(&[3, 4])), ..Edit::default() }, at(5)).unwrap();

    let recorded = events(task);
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        recorded[0].fact,
        Fact::Task(TaskFact::Assigned { added: vec![user(4)], removed: vec![user(2)], reporter: user(1) })
    );
    let ids = |users: [u128; 2]| users.map(|n| user(n).to_string()).to_vec();
    let change = FieldChange { field: "assignee_ids", from: ids([2, 3]).into(), to: ids([3, 4]).into() };
    assert_eq!(recorded[0].changes, [change]);
}

#[test]
fn fields_and_assignees_changed_together_are_two_events() {
    let mut task = stored(new_task());
    let edit = Edit { priority: Some(TaskPriority::Low), assignees: Some(assignees(&[2])), ..Edit::default() };
    task.edit(edit, at(5)).unwrap();

    assert_eq!(
        facts(task),
        [
            TaskFact::Updated { assignees: vec![user(2)], reporter: user(1) },
            TaskFact::Assigned { added: vec![user(2)], removed: Vec::new(), reporter: user(1) },
        ]
    );
}

#[test]
fn another_order_of_the_same_assignees_is_no_change() {
    let mut task = stored(NewTask { assignees: assignees(&[2, 3]), ..new_task() });
    task.edit(Edit { assignees: Some(assignees(&[3, 2])), ..Edit::default() }, at(5)).unwrap();
    assert_eq!(task.state().assignees, assignees(&[2, 3]));
    assert_eq!(events(task), []);
}

#[test]
fn a_refused_edit_changes_nothing_at_all() {
    let mut task = stored(NewTask { start_date: Some(day(2026, 6, 1)), ..new_task() });
    let before = task.state().clone();
    let title = Some(TaskTitle::parse("Other").unwrap());
    let refused = [
        (Edit { due_date: Some(Some(day(2026, 5, 31))), ..Edit::default() }, TaskError::DueBeforeStart),
        (Edit { due_date: Some(Some(NaiveDate::MAX)), ..Edit::default() }, TaskError::DateRange),
        (Edit { task_type: Some(TaskType::Subtask), ..Edit::default() }, TaskError::SubtaskWithoutParent),
        (Edit { parent: Some(Some(parent(1, &[]))), ..Edit::default() }, TaskError::ParentCycle),
        (Edit { parent: Some(Some(parent(9, &[8, 1]))), ..Edit::default() }, TaskError::ParentCycle),
    ];
    for (edit, expected) in refused {
        assert_eq!(task.edit(Edit { title: title.clone(), ..edit }, at(5)), Err(expected));
    }
    assert_eq!(task.state(), &before);
    assert_eq!(events(task), []);
}

#[test]
fn a_subtask_keeps_its_parent_until_it_becomes_something_else() {
    let mut task = stored(NewTask { task_type: TaskType::Subtask, parent: Some(parent(9, &[])), ..new_task() });
    let orphan = Edit { parent: Some(None), ..Edit::default() };
    assert_eq!(task.edit(orphan.clone(), at(5)), Err(TaskError::SubtaskWithoutParent));
    assert_eq!(task.edit(Edit { task_type: Some(TaskType::Task), ..orphan }, at(6)), Ok(()));
}
