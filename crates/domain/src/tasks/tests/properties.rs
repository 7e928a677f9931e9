//! What holds for every task and every text, not only for the examples.

use proptest::prelude::*;

use super::*;
use crate::projects::StatusCategory;

fn any_status() -> impl Strategy<Value = Status> {
    proptest::sample::select(Workflow::standard().statuses().to_vec()).prop_map(|entry| entry.status)
}

fn any_date() -> impl Strategy<Value = NaiveDate> {
    (1970..=9999_i32, 1..=366_u32).prop_filter_map("a day", |(year, day)| NaiveDate::from_yo_opt(year, day))
}

prop_compose! {
    fn any_edit()(
        title in proptest::option::of("[a-z]{1,20}"),
        description in proptest::option::of(".{0,40}"),
        kind in proptest::option::of(proptest::sample::select(TaskType::ALL)),
        priority in proptest::option::of(proptest::sample::select(TaskPriority::ALL)),
        people in proptest::option::of(proptest::collection::vec(1..6_u128, 0..5)),
        labels in proptest::option::of(proptest::collection::vec("[a-z]{1,8}", 0..5)),
        parent_id in proptest::option::of(proptest::option::of(1..5_u128)),
        start_date in proptest::option::of(proptest::option::of(any_date())),
        due_date in proptest::option::of(proptest::option::of(any_date())),
        estimate in proptest::option::of(proptest::option::of(0..=10_000_i64)),
    ) -> Edit {
        Edit {
            title: title.map(|it| TaskTitle::parse(&it).unwrap()),
            description: description.and_then(|it| TaskDescription::parse(&it).ok()),
            task_type: kind,
            priority,
            assignees: people.map(|it| assignees(&it)),
            labels: labels.map(|it| Labels::parse(it).unwrap()),
            parent: parent_id.map(|it| it.map(|n| parent(n, &[]))),
            start_date,
            due_date,
            estimate: estimate.map(|it| it.map(|points| Estimate::parse(points).unwrap())),
        }
    }
}

proptest! {
    #[test]
    fn an_edit_applied_twice_is_applied_once(edit in any_edit()) {
        let mut once = stored(new_task());
        let first = once.edit(edit.clone(), at(5));
        let mut twice = once.clone();
        prop_assert_eq!(twice.edit(edit, at(6)), first);
        prop_assert_eq!(once.into_parts(), twice.into_parts());
    }

    #[test]
    fn an_edit_records_something_exactly_when_a_field_or_the_people_changed(edit in any_edit()) {
        let mut task = stored(new_task());
        let before = task.state().clone();
        let _ = task.edit(edit, at(5));
        let after = task.state().clone();
        let changed = TaskState { updated_at: before.updated_at, ..after } != before;
        prop_assert_eq!(!events(task).is_empty(), changed);
    }

    #[test]
    fn completed_tasks_and_no_others_have_a_moment_of_completion(path in proptest::collection::vec(any_status(), 0..20)) {
        let mut task = stored(new_task());
        for (minute, to) in (1..).zip(path) {
            let _ = task.transition(to, at(minute));
            let state = task.state();
            prop_assert_eq!(
                state.completed_at.is_some(),
                state.status.category == StatusCategory::Completed,
                "in {}", state.status.key
            );
        }
    }

    #[test]
    fn a_task_survives_its_store(edits in proptest::collection::vec(any_edit(), 0..4), to in any_status()) {
        let mut task = stored(new_task());
        for edit in edits {
            let _ = task.edit(edit, at(5));
        }
        let _ = task.transition(to, at(6));
        let state = task.state().clone();
        prop_assert_eq!(Task::restore(state.clone()).into_parts(), (state, Vec::new()));
    }
}
