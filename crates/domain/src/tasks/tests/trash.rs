use super::*;

#[test]
fn a_task_goes_to_the_trash_and_comes_back() {
    let mut task = stored(NewTask { assignees: assignees(&[2]), ..new_task() });
    task.delete(at(5));
    assert_eq!((task.state().deleted_at, task.state().updated_at), (Some(at(5)), at(5)));
    task.restore_from_trash(at(6)).unwrap();
    assert_eq!((task.state().deleted_at, task.state().updated_at), (None, at(6)));

    let people = (vec![user(2)], user(1));
    assert_eq!(
        facts(task),
        [
            TaskFact::Deleted { assignees: people.0.clone(), reporter: people.1 },
            TaskFact::Restored { assignees: people.0, reporter: people.1 },
        ]
    );
}

#[test]
fn only_what_is_in_the_trash_can_be_restored() {
    let mut task = stored(new_task());
    assert_eq!(task.restore_from_trash(at(5)), Err(TaskError::NotInTrash));
    assert_eq!(task.state().updated_at, at(0));
    assert_eq!(events(task), []);
}
