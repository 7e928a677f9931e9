//! What lists of tasks are narrowed and ordered by.

use tenon_application::SortBy;
use tenon_application::tasks::{TaskFilter, TaskSort};
use tenon_domain::projects::StatusKey;
use tenon_domain::tasks::Label;

use crate::http::list::{Filter, SortField};
use crate::http::query::{self, Kind, Params};
use crate::http::validation::LINE;

impl Filter for TaskFilter {
    fn read(params: &mut Params) -> Self {
        let project_ids = params.many("project_id", "Only tasks of these projects.", &query::id());
        Self { project_ids, ..TaskFilterInProject::read(params).0 }
    }
}

/// What tasks of one project are filtered by.
pub(crate) struct TaskFilterInProject(pub(super) TaskFilter);

impl Filter for TaskFilterInProject {
    fn read(params: &mut Params) -> Self {
        Self(TaskFilter {
            project_ids: Vec::new(),
            statuses: params.many("status", "Only tasks in these statuses, by key.", &status_kind()),
            categories: params.many("status_category", "Only tasks in these categories.", &query::name_of()),
            assignees: params.many("assignee_id", "Only tasks of these assignees.", &query::id()),
            reporters: params.many("reporter_id", "Only tasks these users reported.", &query::id()),
            priorities: params.many("priority", "Only tasks of these priorities.", &query::name_of()),
            labels: params.many("label", "Only tasks with any of these labels.", &label_kind()),
            types: params.many("type", "Only tasks of these types.", &query::name_of()),
            due_before: params.one("due_before", "Only tasks due before this day.", &query::date()),
            due_after: params.one("due_after", "Only tasks due after this day.", &query::date()),
            updated_after: params.one("updated_after", "Only tasks changed after this moment.", &query::moment()),
            text: params.one("q", "Only tasks with this text in title, description or key.", &query::search_text()),
        })
    }
}

fn status_kind() -> Kind<String> {
    Kind {
        parse: |raw| StatusKey::parse(raw).map(|key| key.as_str().to_owned()),
        schema: || query::text_schema(StatusKey::MAX_CHARS, "^[a-z0-9_]+$", "todo"),
        expects: || "the key of a status, such as in_progress".to_owned(),
    }
}

fn label_kind() -> Kind<String> {
    Kind {
        parse: |raw| Label::parse(raw).ok().map(Label::into_string),
        schema: || query::text_schema(Label::MAX_CHARS, LINE, "entrance"),
        expects: || "a label of 1 to 50 characters".to_owned(),
    }
}

impl SortField for TaskSort {
    const FIELDS: &'static [(&'static str, Self)] = &[
        ("created_at", Self::CreatedAt),
        ("updated_at", Self::UpdatedAt),
        ("key", Self::Key),
        ("title", Self::Title),
        ("priority", Self::Priority),
        ("start_date", Self::StartDate),
        ("due_date", Self::DueDate),
    ];
    const DEFAULT: &'static [SortBy<Self>] = &[SortBy { field: Self::CreatedAt, descending: true }];
}
