use super::*;
use crate::{ResourceKind, Subject};

#[test]
fn a_new_task_begins_unstored_and_records_its_creation() {
    let new = NewTask { assignees: assignees(&[2, 3]), ..new_task() };
    let task = Task::create(new, user(1), at(0)).unwrap();

    let state = task.state();
    assert_eq!((state.version, state.reporter_id), (0, user(1)));
    assert_eq!((state.created_at, state.updated_at), (at(0), at(0)));
    assert_eq!((state.completed_at, state.deleted_at), (None, None));
    assert_eq!(
        events(task),
        [DomainEvent {
            subject: Subject {
                kind: ResourceKind::Task,
                id: task_id(1).uuid(),
                name: "ENG-12 Fix the door".to_owned(),
            },
            project: Some(project_id()),
            fact: Fact::Task(TaskFact::Created { assignees: vec![user(2), user(3)], reporter: user(1) }),
            changes: Vec::new(),
        }]
    );
}

#[test]
fn a_task_created_in_a_completed_status_is_completed_then() {
    let task = Task::create(NewTask { status: status("done"), ..new_task() }, user(1), at(0)).unwrap();
    assert_eq!(task.state().completed_at, Some(at(0)));
}

#[test]
fn restoring_is_silent_and_keeps_everything() {
    let state = Task::create(new_task(), user(1), at(0)).unwrap().state().clone();
    let (restored, events) = Task::restore(state.clone()).into_parts();
    assert_eq!(restored, state);
    assert_eq!(events, []);
}

#[test]
fn a_subtask_needs_a_parent() {
    let new = NewTask { task_type: TaskType::Subtask, ..new_task() };
    assert_eq!(refusal(new.clone()), TaskError::SubtaskWithoutParent);

    let task = Task::create(NewTask { parent: Some(parent(9, &[])), ..new }, user(1), at(0)).unwrap();
    assert_eq!(task.state().parent_id, Some(task_id(9)));
}

#[test]
fn a_parent_of_another_project_is_as_good_as_none() {
    let elsewhere = Parent { project_id: ProjectId::new(Uuid::from_u128(0xB)), ..parent(9, &[]) };
    assert_eq!(refusal(NewTask { parent: Some(elsewhere), ..new_task() }), TaskError::ParentNotFound);
}

#[test]
fn a_task_is_never_its_own_ancestor() {
    for own_line in [parent(1, &[]), parent(9, &[1]), parent(9, &[8, 1])] {
        assert_eq!(refusal(NewTask { parent: Some(own_line), ..new_task() }), TaskError::ParentCycle);
    }
}

#[test]
fn tasks_nest_ten_deep_and_no_deeper() {
    // With its parent and the parent's eight ancestors the task is the tenth.
    let ninth = parent(20, &[21, 22, 23, 24, 25, 26, 27, 28]);
    let mut tenth = ninth.clone();
    tenth.ancestors.push(task_id(29));

    assert!(Task::create(NewTask { parent: Some(ninth), ..new_task() }, user(1), at(0)).is_ok());
    assert_eq!(refusal(NewTask { parent: Some(tenth), ..new_task() }), TaskError::NestingDepth);
}

#[test]
fn a_task_is_due_on_the_day_it_starts_at_the_earliest() {
    let dated = |start, due| NewTask { start_date: Some(start), due_date: Some(due), ..new_task() };
    assert!(Task::create(dated(day(2026, 11, 21), day(2026, 11, 21)), user(1), at(0)).is_ok());
    assert_eq!(refusal(dated(day(2026, 11, 21), day(2026, 11, 20))), TaskError::DueBeforeStart);
}

#[test]
fn dates_lie_between_1970_and_9999() {
    let due = |date| NewTask { due_date: Some(date), ..new_task() };
    let start = |date| NewTask { start_date: Some(date), ..new_task() };
    for ends in [day(1970, 1, 1), day(9999, 12, 31)] {
        assert!(Task::create(due(ends), user(1), at(0)).is_ok());
        assert!(Task::create(start(ends), user(1), at(0)).is_ok());
    }
    for outside in [day(1969, 12, 31), day(10_000, 1, 1), NaiveDate::MIN, NaiveDate::MAX] {
        assert_eq!(refusal(due(outside)), TaskError::DateRange);
        assert_eq!(refusal(start(outside)), TaskError::DateRange);
    }
}

fn refusal(new: NewTask) -> TaskError {
    Task::create(new, user(1), at(0)).unwrap_err()
}
