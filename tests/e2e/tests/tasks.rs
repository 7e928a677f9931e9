//! `/tasks`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tenon_e2e_tests::{Person, Server, array, on_deployment, on_every_deployment, text};

on_every_deployment!(
    a_task_begins_with_its_defaults,
    a_task_carries_all_that_was_given,
    tasks_are_found_by_id_and_key,
    tasks_are_edited_by_merge_patch,
    tasks_move_through_the_workflow,
    tasks_go_to_the_trash_and_come_back,
    rules_have_codes_of_their_own,
    parents_form_no_cycles,
    numbers_are_unique_under_concurrency,
    concurrent_edits_lose_nothing,
    lists_filter,
    lists_sort_and_page_without_gaps,
    lists_of_a_project,
);
on_deployment!(
    mysql_redis,
    MysqlRedis,
    a_task_carries_all_that_was_given,
    tasks_move_through_the_workflow,
    numbers_are_unique_under_concurrency,
    concurrent_edits_lose_nothing,
    lists_filter,
    lists_sort_and_page_without_gaps,
);

fn path(task: &Value) -> String {
    format!("/tasks/{}", text(task, "id"))
}

async fn a_task_begins_with_its_defaults(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let created = owner.api.post("/tasks", json!({"project_id": project["id"], "title": "  Fix the door "})).await;
    let task = created.expect(201);
    assert_eq!(created.header("location").unwrap(), format!("/api/v1{}", path(&task)));
    let expected = json!({
        "id": task["id"], "key": "ENG-1", "number": 1, "project_id": project["id"], "type": "task",
        "title": "Fix the door", "description": null, "status": "backlog", "status_category": "backlog",
        "priority": "none", "reporter_id": owner.id, "assignee_ids": [], "labels": [], "parent_id": null,
        "start_date": null, "due_date": null, "estimate": null, "version": 1, "created_at": task["created_at"],
        "updated_at": task["created_at"], "completed_at": null,
    });
    assert_eq!(task, expected);
}

async fn a_task_carries_all_that_was_given(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let project = owner.project("ENG").await;
    let epic = owner.task_with(&project, "Epic", json!({"type": "epic"})).await;
    let given = json!({
        "title": "Tür reparieren 🚪", "description": "Zeile 1\nZeile 2", "type": "subtask", "priority": "urgent",
        "assignee_ids": [member.id, owner.id], "labels": ["home", "Ünïcode"], "start_date": "2026-11-21",
        "due_date": "2026-12-24", "parent_id": epic["id"], "estimate": 8,
    });
    let task = owner.task_with(&project, "", given.clone()).await;
    for (field, value) in given.as_object().unwrap() {
        assert_eq!(&task[field], value, "{field}");
    }
    assert_eq!(owner.api.get(path(&task)).await.expect(200), task);
}

async fn tasks_are_found_by_id_and_key(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Find me").await;
    let by_key = owner.api.get("/tasks/ENG-1").await;
    assert_eq!(by_key.expect(200), task);
    owner.api.get(path(&task)).header("if-none-match", by_key.etag()).await.expect(304);
    for absent in ["/tasks/ENG-2", "/tasks/OPS-1", "/tasks/00000000-0000-7000-8000-000000000000"] {
        owner.api.get(absent).await.problem(404, "task.not_found");
    }
}

async fn tasks_are_edited_by_merge_patch(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let member = owner.invite("Mia Member", "member").await;
    let given = json!({"description": "Before", "labels": ["a", "b"], "estimate": 3});
    let task = owner.task_with(&project, "Before", given).await;
    let edit = json!({"title": "After", "description": null, "labels": ["b", "c"], "assignee_ids": [member.id]});
    let edited = member.api.patch(path(&task), edit).header("if-match", "\"1\"").await;
    let after = edited.expect(200);
    assert_eq!(
        (&after["title"], &after["description"], &after["estimate"]),
        (&json!("After"), &Value::Null, &json!(3))
    );
    assert_eq!((&after["labels"], &after["assignee_ids"]), (&json!(["b", "c"]), &json!([member.id])));
    assert_eq!(after["version"], 2);
    assert_eq!(owner.api.get(path(&task)).await.expect(200), after);
    let stale = owner.api.patch(path(&task), json!({"title": "Late"})).header("if-match", "\"1\"").await;
    stale.problem(412, "version.stale");
    // Nothing changes: neither does the version.
    let same = owner.api.patch(path(&task), json!({"title": "After"})).await.expect(200);
    assert_eq!(same["version"], 2);
}

async fn tasks_move_through_the_workflow(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Move me").await;
    let transition = format!("{}/transition", path(&task));
    let started = owner.api.post(&transition, json!({"status": "in_progress"})).await.expect(200);
    assert_eq!((&started["status"], &started["status_category"]), (&json!("in_progress"), &json!("started")));
    let done = owner.api.post(&transition, json!({"status": "done"})).await.expect(200);
    assert!(done["completed_at"].is_string());
    let back = owner.api.post("/tasks/ENG-1/transition", json!({"status": "todo"})).await.expect(200);
    assert_eq!(back["completed_at"], Value::Null);
    owner.api.post(&transition, json!({"status": "todo"})).await.problem(409, "task.same_status");
    owner.api.post(&transition, json!({"status": "nowhere"})).await.problem(422, "task.unknown_status");
}

async fn tasks_go_to_the_trash_and_come_back(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Trash me").await;
    owner.api.post(format!("{}/restore", path(&task)), None).await.problem(409, "task.not_in_trash");
    owner.api.delete(path(&task)).header("if-match", "\"7\"").await.problem(412, "version.stale");
    owner.api.delete(path(&task)).header("if-match", "\"1\"").await.expect(204);
    owner.api.get(path(&task)).await.problem(404, "task.not_found");
    owner.api.delete(path(&task)).await.problem(404, "task.not_found");
    assert_eq!(array(&owner.api.get("/tasks").await.expect(200)).len(), 0);
    let restored = owner.api.post(format!("{}/restore", path(&task)), None).await.expect(200);
    assert_eq!(restored["title"], "Trash me");
    assert_eq!(array(&owner.api.get("/tasks").await.expect(200)).len(), 1);
}

async fn rules_have_codes_of_their_own(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let stranger = Person::found(&server).await;
    let nothing = "01890000-0000-7000-8000-000000000000";
    let cases = [
        (json!({"title": " "}), "task.title_length"),
        (json!({"title": "x".repeat(201)}), "task.title_length"),
        (json!({"title": "two\nlines"}), "task.title_characters"),
        (json!({"labels": [""]}), "task.label_length"),
        (json!({"estimate": -1}), "task.estimate_range"),
        (json!({"start_date": "2026-12-24", "due_date": "2026-12-23"}), "task.due_before_start"),
        (json!({"assignee_ids": [stranger.id]}), "task.assignee_outside_project"),
        (json!({"type": "subtask"}), "task.subtask_without_parent"),
        (json!({"parent_id": nothing}), "task.parent_not_found"),
    ];
    for (fields, code) in cases {
        let mut body = json!({"project_id": project["id"], "title": "Fine"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        owner.api.post("/tasks", body).await.problem(422, code);
    }
    let several = json!({"project_id": project["id"], "title": "", "labels": ["x".repeat(51)], "estimate": 10_001});
    let faults = owner.api.post("/tasks", several).await.faults(422);
    let pointers: Vec<_> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert!(pointers.contains(&"/estimate") && pointers.contains(&"/title"), "{faults:?}");
    assert!(pointers.iter().any(|pointer| pointer.starts_with("/labels")), "{faults:?}");
    let nowhere = owner.api.post("/tasks", json!({"project_id": nothing, "title": "Fine"})).await;
    nowhere.problem(404, "project.not_found");
}

async fn parents_form_no_cycles(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let elsewhere = owner.task(&owner.project("OPS").await, "Elsewhere").await;
    let grandparent = owner.task(&project, "Grandparent").await;
    let parent = owner.task_with(&project, "Parent", json!({"parent_id": grandparent["id"]})).await;
    let child = owner.task_with(&project, "Child", json!({"parent_id": parent["id"]})).await;
    for descendant in [&grandparent, &parent, &child] {
        let edit = json!({"parent_id": descendant["id"]});
        owner.api.patch(path(&grandparent), edit).await.problem(422, "task.parent_cycle");
    }
    let edit = json!({"parent_id": elsewhere["id"]});
    owner.api.patch(path(&child), edit).await.problem(422, "task.parent_not_found");
    let freed = owner.api.patch(path(&child), json!({"parent_id": null})).await.expect(200);
    assert_eq!(freed["parent_id"], Value::Null);
}

async fn numbers_are_unique_under_concurrency(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let tasks = join_all((0..24).map(|n| {
        let (owner, project) = (owner.clone(), project.clone());
        async move { owner.task(&project, &format!("Task {n}")).await }
    }))
    .await;
    let numbers: BTreeSet<_> = tasks.iter().map(|task| task["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=24).collect());
}

async fn concurrent_edits_lose_nothing(server: Server) {
    let owner = Person::found(&server).await;
    let task = owner.task(&owner.project("ENG").await, "Contended").await;
    // Without If-Match each edit applies to what is there; with it, one wins.
    let edits = [json!({"priority": "high"}), json!({"estimate": 5}), json!({"due_date": "2026-12-24"})];
    join_all(edits.into_iter().map(|edit| {
        let call = owner.api.patch(path(&task), edit);
        async move { call.await.expect(200) }
    }))
    .await;
    let after = owner.api.get(path(&task)).await.expect(200);
    assert_eq!((&after["priority"], &after["estimate"]), (&json!("high"), &json!(5)));
    assert_eq!((&after["due_date"], &after["version"]), (&json!("2026-12-24"), &json!(4)));
    let races = (0..4).map(|n| {
        let call = owner.api.patch(path(&task), json!({"title": format!("Race {n}")})).header("if-match", "\"4\"");
        async move { call.await.status }
    });
    let mut statuses = join_all(races).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412]);
}

async fn lists_filter(server: Server) {
    let owner = Person::found(&server).await;
    let member = owner.invite("Mia Member", "member").await;
    let (eng, ops) = (owner.project("ENG").await, owner.project("OPS").await);
    let hers = json!({"assignee_ids": [member.id], "labels": ["red", "blue"], "priority": "high", "type": "bug"});
    owner.task_with(&eng, "Fix the door", hers).await;
    let due = json!({"labels": ["green"], "due_date": "2026-12-24", "description": "100% of the WINDOWS_"});
    let second = owner.task_with(&eng, "Clean up", due).await;
    member.task(&ops, "Operate").await;
    owner.api.post(format!("{}/transition", path(&second)), json!({"status": "in_progress"})).await.expect(200);
    let before = text(&second, "created_at");
    let all = ["ENG-1", "ENG-2", "OPS-1"];
    let cases: &[(String, &[&str])] = &[
        (String::new(), &all),
        (format!("project_id={}", text(&eng, "id")), &["ENG-1", "ENG-2"]),
        (format!("project_id={}&project_id={}", text(&eng, "id"), text(&ops, "id")), &all),
        ("status=in_progress".into(), &["ENG-2"]),
        ("status=in_progress&status=backlog".into(), &all),
        ("status_category=started".into(), &["ENG-2"]),
        (format!("assignee_id={}", member.id), &["ENG-1"]),
        (format!("reporter_id={}", member.id), &["OPS-1"]),
        ("priority=high&priority=urgent".into(), &["ENG-1"]),
        ("label=red".into(), &["ENG-1"]),
        ("label=red&label=green".into(), &["ENG-1", "ENG-2"]),
        ("type=bug".into(), &["ENG-1"]),
        ("due_before=2026-12-25".into(), &["ENG-2"]),
        ("due_before=2026-12-24".into(), &[]),
        ("due_after=2026-12-23".into(), &["ENG-2"]),
        ("updated_after=2020-01-01T00:00:00Z".into(), &all),
        ("updated_after=2100-01-01T00:00:00Z".into(), &[]),
        (format!("updated_after={before}&status=in_progress"), &["ENG-2"]),
        ("q=DOOR".into(), &["ENG-1"]),
        ("q=eng-2".into(), &["ENG-2"]),
        ("q=windows_".into(), &["ENG-2"]),
        ("q=0%25%20of".into(), &["ENG-2"]),
        ("q=%25".into(), &["ENG-2"]),
        ("status=in_progress&label=red".into(), &[]),
    ];
    for (filter, expected) in cases {
        let page = owner.api.get(format!("/tasks?sort=key&include=total&{filter}")).await.expect(200);
        let keys: Vec<_> = array(&page).iter().map(|task| text(task, "key")).collect();
        assert_eq!(keys, *expected, "{filter}");
        assert_eq!(page["total"], expected.len(), "{filter}");
    }
}

async fn lists_sort_and_page_without_gaps(server: Server) {
    let owner = Person::found(&server).await;
    let project = owner.project("ENG").await;
    let due = [Some("2026-03-01"), None, Some("2026-01-01"), Some("2026-03-01"), None, Some("2026-02-01"), None];
    for (n, due) in due.iter().enumerate() {
        let priority = ["low", "urgent", "none"][n % 3];
        owner.task_with(&project, &format!("Task {n}"), json!({"due_date": due, "priority": priority})).await;
    }
    for sort in
        ["created_at", "-created_at", "due_date", "-due_date", "priority,-due_date", "-key", "title", "-updated_at"]
    {
        let whole = array(&owner.api.get(format!("/tasks?sort={sort}")).await.expect(200));
        assert_eq!(whole.len(), 7, "{sort}");
        let mut pieces = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = owner.api.get(format!("/tasks?sort={sort}&limit=2{cursor}")).await.expect(200);
            pieces.extend(array(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(pieces, whole, "{sort}");
    }
    let by_due = array(&owner.api.get("/tasks?sort=due_date").await.expect(200));
    let dates: Vec<_> = by_due.iter().filter_map(|task| task["due_date"].as_str()).collect();
    assert_eq!(dates, ["2026-01-01", "2026-02-01", "2026-03-01", "2026-03-01"]);
    assert_eq!(by_due[6]["due_date"], Value::Null, "what has no date comes last");
    let by_priority = array(&owner.api.get("/tasks?sort=-priority&limit=2").await.expect(200));
    assert!(by_priority.iter().all(|task| task["priority"] == "urgent"), "{by_priority:?}");
    // What is created meanwhile does not shift the pages that follow.
    let first = owner.api.get("/tasks?sort=-created_at&limit=3").await.expect(200);
    owner.task(&project, "Meanwhile").await;
    let rest = format!("/tasks?sort=-created_at&limit=200&cursor={}", text(&first, "next_cursor"));
    assert_eq!(array(&owner.api.get(rest).await.expect(200)).len(), 4);
}

async fn lists_of_a_project(server: Server) {
    let owner = Person::found(&server).await;
    let (eng, ops) = (owner.project("ENG").await, owner.project("OPS").await);
    owner.task_with(&eng, "Here", json!({"labels": ["red"]})).await;
    owner.task(&eng, "Here too").await;
    owner.task(&ops, "There").await;
    let keys = |page: &Value| array(page).iter().map(|task| text(task, "key")).collect::<Vec<_>>();
    let by_id = owner.api.get(format!("/projects/{}/tasks?sort=key", text(&eng, "id"))).await.expect(200);
    assert_eq!(keys(&by_id), ["ENG-1", "ENG-2"]);
    assert_eq!(keys(&owner.api.get("/projects/ENG/tasks?label=red").await.expect(200)), ["ENG-1"]);
    owner.api.get("/projects/NONE/tasks").await.problem(404, "project.not_found");
}
