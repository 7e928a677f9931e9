//! How lists of tasks are read: in a few statements however long the page, and from an index however deep it lies.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use tenon_application::audit::AuditFilter;
use tenon_application::projects::ProjectRef;
use tenon_application::tasks::{ListTasks, TaskFilter, TaskSort};
use tenon_application::{App, PageRequest, Position, PositionValue, Queries, SortBy};
use tenon_domain::ProjectId;
use tenon_domain::access::Visibility;
use tenon_domain::tasks::{Assignees, Labels};
use tenon_infrastructure::persistence::SqlQueries;

use super::fixture::{Fixture, Person, new_task};
use super::lists::request;
use super::on_every_database;

on_every_database! {
    a_page_costs_three_statements_at_most,
    every_order_comes_from_an_index_at_any_depth,
}

/// Queries whose statements are noted.
fn observed(fixture: &Fixture) -> (Queries, Arc<Mutex<Vec<Statement>>>) {
    let noted = Arc::new(Mutex::new(Vec::new()));
    let statements = Arc::clone(&noted);
    let database = fixture.database.clone().observed(move |statement| noted.lock().unwrap().push(statement.clone()));
    (SqlQueries::new(database).queries(), statements)
}

fn taken(statements: &Mutex<Vec<Statement>>) -> Vec<Statement> {
    std::mem::take(&mut *statements.lock().unwrap())
}

async fn a_page_costs_three_statements_at_most(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let mut projects = Vec::new();
    for key in ["ENG", "OPS", "BIZ"] {
        let project = fixture.project(&ada, key, Visibility::Private).await.id;
        for _ in 0..3 {
            let mut create = new_task(project, "Fix the door");
            create.assignees = Assignees::parse([ada.viewer.user]).unwrap();
            create.labels = Labels::parse(["home"]).unwrap();
            fixture.app.execute(&ada.actor, create).await.unwrap();
        }
        projects.push(project);
    }
    let (queries, statements) = observed(fixture);
    let app = App { queries, ..fixture.app.clone() };
    let mine = TaskFilter {
        assignees: vec![ada.viewer.user],
        labels: vec!["home".to_owned()],
        statuses: vec!["backlog".to_owned()],
        updated_after: Some(fixture.now() - std::time::Duration::from_secs(3600)),
        ..TaskFilter::default()
    };
    let two = TaskFilter { project_ids: vec![projects[0], projects[1]], ..mine.clone() };
    let one = TaskFilter { project_ids: vec![projects[0]], ..mine.clone() };
    for filter in [TaskFilter::default(), mine, two, one] {
        for project in [None, Some(ProjectRef::Id(projects[0]))] {
            for field in [TaskSort::CreatedAt, TaskSort::Key, TaskSort::DueDate] {
                for include_total in [false, true] {
                    let mut counts = Vec::new();
                    for limit in [1, 2, 200] {
                        let sort = vec![SortBy { field, descending: true }];
                        let page = PageRequest { include_total, ..request(limit, sort) };
                        let list = ListTasks { project: project.clone(), filter: filter.clone(), page };
                        let listed = app.ask(&ada.actor, list).await.unwrap();
                        assert!(!listed.items.is_empty());
                        counts.push(taken(&statements).len());
                    }
                    assert!(counts[0] <= 3, "{counts:?} statements: {filter:?}");
                    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?} statements: {filter:?}");
                }
            }
        }
    }
}

/// Many copies of a task, which differ in all that tasks are ordered by.
async fn multiply(fixture: &Fixture, by: &Person, project: ProjectId) {
    let mut create = new_task(project, "Fix the door");
    (create.start_date, create.due_date) = (NaiveDate::from_ymd_opt(2026, 3, 1), NaiveDate::from_ymd_opt(2026, 4, 1));
    let task = fixture.app.execute(&by.actor, create).await.unwrap();
    let backend = fixture.database.backend();
    let hex = task.id.uuid().simple().to_string();
    let (source, id, own, at) = match backend {
        DbBackend::Sqlite => (
            "(WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) SELECT n FROM n)",
            "randomblob(16)",
            format!("x'{hex}'"),
            "strftime('%Y-%m-%dT%H:%M:%S+00:00', 1795000000 + s.n * 60, 'unixepoch')",
        ),
        DbBackend::Postgres => (
            "generate_series(2, 3000)",
            "gen_random_uuid()",
            format!("'{}'", task.id),
            "to_timestamp(1795000000 + s.n * 60)",
        ),
        _ => (
            "(SELECT seq AS n FROM seq_2_to_3000)",
            "unhex(md5(concat(t.project_key, s.n)))",
            format!("x'{hex}'"),
            "from_unixtime(1795000000 + s.n * 60)",
        ),
    };
    let alias = if backend == DbBackend::Postgres { "s(n)" } else { "s" };
    let title = if backend == DbBackend::MySql { "concat('Task ', s.n)" } else { "'Task ' || s.n" };
    let some = |column: &str| format!("CASE WHEN s.n % 3 = 0 THEN t.{column} END");
    let copy = format!(
        "INSERT INTO tasks (id, org_id, project_id, project_key, number, task_type, title, status, status_category, \
         priority, reporter_id, assignee_ids, labels, start_date, due_date, version, created_at, updated_at) \
         SELECT {id}, t.org_id, t.project_id, t.project_key, s.n, t.task_type, {title}, t.status, t.status_category, \
         s.n % 5, t.reporter_id, t.assignee_ids, t.labels, {}, {}, t.version, {at}, {at} \
         FROM tasks t CROSS JOIN {source} AS {alias} WHERE t.id = {own}",
        some("start_date"),
        some("due_date"),
    );
    fixture.operator.execute_unprepared(&copy).await.unwrap();
}

/// Where the plan of a statement reads tasks without an index that has them in order.
async fn disorder(fixture: &Fixture, statement: &Statement, index: &str) -> Vec<String> {
    let backend = fixture.database.backend();
    let explain = if backend == DbBackend::Sqlite { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" };
    let explain = Statement { sql: format!("{explain} {}", statement.sql), ..statement.clone() };
    let rows = fixture.operator.query_all_raw(explain).await.unwrap();
    let lines: Vec<String> = rows.iter().map(|row| line_of(backend, row)).collect();
    let merged = statement.sql.contains(" UNION ALL ");
    let bad = |line: &&String| match backend {
        // Heads of runs and the page itself are sorted, and they are short.
        DbBackend::Sqlite => line.starts_with("SCAN tasks") || (!merged && line.starts_with("USE TEMP B-TREE")),
        DbBackend::Postgres => {
            line.contains("Scan on tasks")
                || line.contains("using tasks_pkey on tasks tasks_")
                || (!merged && line.contains("Sort  (") && !line.contains("Incremental"))
        }
        _ => line.starts_with("tasks ALL") || (line.starts_with("tasks ") && line.contains("filesort")),
    };
    let mut found: Vec<String> = lines.iter().filter(bad).cloned().collect();
    if !lines.iter().any(|line| line.contains(index)) {
        found.push(format!("{index} is not used"));
    }
    if found.is_empty() { found } else { found.into_iter().chain(lines).collect() }
}

fn line_of(backend: DbBackend, row: &QueryResult) -> String {
    let text = |column: &str| row.try_get::<Option<String>>("", column).unwrap().unwrap_or_default();
    match backend {
        DbBackend::Sqlite => text("detail"),
        DbBackend::Postgres => text("QUERY PLAN"),
        _ => format!("{} {} {} {}", text("table"), text("type"), text("key"), text("Extra")),
    }
}

async fn every_order_comes_from_an_index_at_any_depth(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let mut projects = Vec::new();
    for key in ["ENG", "OPS", "BIZ"] {
        let project = fixture.project(&ada, key, Visibility::Organization).await.id;
        multiply(fixture, &ada, project).await;
        projects.push(project);
    }
    let analyze = match fixture.database.backend() {
        DbBackend::Sqlite => None,
        DbBackend::Postgres => Some("ANALYZE tasks"),
        _ => Some("ANALYZE TABLE tasks"),
    };
    if let Some(analyze) = analyze {
        fixture.operator.execute_unprepared(analyze).await.unwrap();
    }
    let (queries, statements) = observed(fixture);
    let orders = [
        (TaskSort::CreatedAt, "ix_tasks_project_id_created_at_id"),
        (TaskSort::UpdatedAt, "ix_tasks_project_id_updated_at_id"),
        (TaskSort::Key, "uq_tasks_org_id_project_key_number"),
        (TaskSort::Title, "ix_tasks_project_id_title_id"),
        (TaskSort::Priority, "ix_tasks_project_id_priority_id"),
        (TaskSort::StartDate, "ix_tasks_project_id_start_date_id"),
        (TaskSort::DueDate, "ix_tasks_project_id_due_date_id"),
    ];
    let mut failures = Vec::new();
    for project_ids in [vec![projects[0]], vec![]] {
        let filter = TaskFilter { project_ids, ..TaskFilter::default() };
        for (field, index) in orders {
            for descending in [false, true] {
                let mut page = request(50, vec![SortBy { field, descending }]);
                for depth in ["first", "second"] {
                    let listed = queries.tasks.list(ada.viewer, &filter, &page).await.unwrap();
                    assert_eq!(listed.items.len(), 50);
                    page.after = listed.next;
                    let read = taken(&statements).into_iter().find(|statement| statement.sql.contains("assignee_ids"));
                    let faults = disorder(fixture, &read.expect("a statement that reads tasks"), index).await;
                    if !faults.is_empty() {
                        let all = filter.project_ids.is_empty();
                        failures.push(format!("{field:?} {descending} {depth} all={all}:\n{}", faults.join("\n")));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// On SQLite alone, which plans the same for three rows as for a million.
#[tokio::test]
async fn inboxes_and_the_audit_trail_come_from_an_index() {
    let fixture = Fixture::new("sqlite").await;
    let ada = fixture.found("ada").await;
    let (queries, statements) = observed(&fixture);
    let (start, now) = (Some(fixture.now() - std::time::Duration::from_secs(60)), Some(fixture.now()));
    let trails = [
        (AuditFilter::default(), "ix_audit_entries_org_id_id"),
        (AuditFilter { from: start, ..AuditFilter::default() }, "ix_audit_entries_org_id_occurred_at_id"),
        (AuditFilter { from: start, to: now, ..AuditFilter::default() }, "ix_audit_entries_org_id_occurred_at_id"),
        (
            AuditFilter { resource_types: vec!["project".to_owned()], ..AuditFilter::default() },
            "ix_audit_entries_org_id_resource_kind_id",
        ),
    ];
    for after in [None, Some(Position { values: vec![PositionValue::Moment(fixture.now())], id: fixture.id() })] {
        let unread = PageRequest { after: after.clone(), ..request(50, vec![]) };
        queries.notifications.list(ada.viewer, Some(true), &unread).await.unwrap();
        let read = taken(&statements).pop().unwrap();
        let faults = disorder(&fixture, &read, "ix_notifications_org_id_user_id_read_at_id").await;
        assert!(faults.is_empty(), "{faults:?}");
        for (filter, index) in &trails {
            queries.audit.list(ada.viewer, filter, &unread).await.unwrap();
            let faults = disorder(&fixture, &taken(&statements).pop().unwrap(), index).await;
            assert!(faults.is_empty(), "{faults:?}");
        }
    }
}
