use super::*;
use crate::FieldChange;

#[test]
fn a_move_between_open_statuses_changes_the_status_only() {
    let mut task = stored(NewTask { assignees: assignees(&[2]), ..new_task() });
    task.transition(status("in_progress"), at(5)).unwrap();

    assert_eq!(task.state().status, status("in_progress"));
    assert_eq!((task.state().updated_at, task.state().completed_at), (at(5), None));
    let recorded = events(task);
    assert_eq!(recorded.len(), 1);
    assert_eq!(
        recorded[0].fact,
        Fact::Task(TaskFact::StatusChanged {
            from: status("backlog"),
            to: status("in_progress"),
            assignees: vec![user(2)],
            reporter: user(1),
        })
    );
    let change = FieldChange { field: "status", from: "backlog".into(), to: "in_progress".into() };
    assert_eq!(recorded[0].changes, [change]);
}

#[test]
fn completing_sets_the_moment_and_is_told_as_such() {
    let mut task = stored(new_task());
    task.transition(status("done"), at(5)).unwrap();

    assert_eq!(task.state().completed_at, Some(at(5)));
    assert_eq!(
        facts(task),
        [TaskFact::Completed { from: status("backlog"), to: status("done"), assignees: Vec::new(), reporter: user(1) }]
    );
}

#[test]
fn reopening_clears_the_moment_and_completing_again_sets_a_new_one() {
    let mut task = stored(new_task());
    task.transition(status("done"), at(5)).unwrap();
    task.transition(status("todo"), at(6)).unwrap();
    assert_eq!(task.state().completed_at, None);
    task.transition(status("done"), at(7)).unwrap();
    assert_eq!(task.state().completed_at, Some(at(7)));
}

#[test]
fn a_canceled_task_is_not_a_completed_one() {
    let mut task = stored(new_task());
    task.transition(status("done"), at(5)).unwrap();
    task.transition(status("canceled"), at(6)).unwrap();
    assert_eq!(task.state().completed_at, None);
}

#[test]
fn between_two_completed_statuses_the_task_was_completed_once() {
    let released = Status { key: crate::projects::StatusKey::parse("released").unwrap(), ..status("done") };
    let mut task = stored(new_task());
    task.transition(status("done"), at(5)).unwrap();
    task.transition(released, at(6)).unwrap();

    assert_eq!(task.state().completed_at, Some(at(5)));
    assert!(matches!(facts(task)[..], [TaskFact::Completed { .. }, TaskFact::StatusChanged { .. }]));
}

#[test]
fn a_move_to_the_same_status_is_refused() {
    let mut task = stored(new_task());
    assert_eq!(task.transition(status("backlog"), at(5)), Err(TaskError::SameStatus));
    assert_eq!(task.state().updated_at, at(0));
    assert_eq!(events(task), []);
}
