//! Lists: filters, order, pages.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use tenon_application::{Page, PageRequest, Position, PositionValue, SortBy, Unsorted};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::cursor::{self, Cursors};
use super::problem::Problem;
use super::query::{Kind, Params};

const DEFAULT_LIMIT: u64 = PageRequest::<Unsorted>::DEFAULT_LIMIT;
const MAX_LIMIT: u64 = PageRequest::<Unsorted>::MAX_LIMIT;

/// The filters of a list, or what else a query holds: declares its parameters by reading them.
pub(crate) trait Filter: Sized {
    fn read(params: &mut Params) -> Self;
}

/// The query of an operation that is no list.
pub(crate) struct InQuery<F>(pub(crate) F);

impl<F: Filter + 'static> FromRequest for InQuery<F> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut params = Params::read(request.query_string());
        let filter = F::read(&mut params);
        ready(params.finish().map(|()| Self(filter)))
    }
}

impl<F: Filter> IntoParams for InQuery<F> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = Params::documenting();
        F::read(&mut params);
        params.into_documentation()
    }
}

/// A list without filters.
pub(crate) struct Unfiltered;

impl Filter for Unfiltered {
    fn read(_: &mut Params) -> Self {
        Self
    }
}

/// What a list can be ordered by.
pub(crate) trait SortField: Copy + PartialEq + 'static {
    const FIELDS: &'static [(&'static str, Self)];
    /// The order when none is asked for.
    const DEFAULT: &'static [SortBy<Self>];
}

impl SortField for Unsorted {
    const FIELDS: &'static [(&'static str, Self)] = &[];
    const DEFAULT: &'static [SortBy<Self>] = &[];
}

/// The query of a list.
pub(crate) struct List<F, S> {
    pub(crate) filter: F,
    pub(crate) page: PageRequest<S>,
    cursors: Cursors,
    name: String,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListBody<T> {
    data: Vec<T>,
    /// Ask for the next page with it; `null` on the last one.
    #[schema(required = true, example = "WyJ0Il0")]
    next_cursor: Option<String>,
    /// How many there are on all pages, if asked for with `include=total`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1)]
    total: Option<u64>,
}

impl<F, S> List<F, S> {
    /// The answer with this page.
    pub(crate) fn answer<V, T: From<V> + Serialize>(&self, page: Page<V>) -> Result<HttpResponse, Problem> {
        let next_cursor = page.next.as_ref().and_then(|position| self.cursors.seal(&self.name, position));
        let data = page.items.into_iter().map(T::from).collect();
        Ok(HttpResponse::Ok().json(ListBody::<T> { data, next_cursor, total: page.total }))
    }
}

impl<F> List<F, Unsorted> {
    /// The answer with a page of a list that is at hand as a whole. Where a page ends is how many came before.
    pub(crate) fn answer_from<V, T: From<V> + Serialize>(
        &self,
        items: impl ExactSizeIterator<Item = V>,
    ) -> Result<HttpResponse, Problem> {
        let total = self.page.include_total.then_some(items.len() as u64);
        let before = match self.page.after.as_ref().map(|position| position.values.as_slice()) {
            Some([PositionValue::Number(count)]) => u64::try_from(*count).unwrap_or_default(),
            _ => 0,
        };
        let one_more = usize::try_from(self.page.limit).unwrap_or(usize::MAX).saturating_add(1);
        let rows = items.skip(usize::try_from(before).unwrap_or(usize::MAX)).take(one_more).collect();
        let end = i64::try_from(before + self.page.limit).unwrap_or(i64::MAX);
        let position = |_: &V| Position { values: vec![PositionValue::Number(end)], id: Uuid::nil() };
        self.answer::<V, T>(Page::cut(rows, self.page.limit, total, position))
    }
}

impl<F: Filter + 'static, S: SortField> FromRequest for List<F, S> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let cursors = request.app_data::<Data<Cursors>>().map(|cursors| cursors.as_ref().clone());
        let cursors = cursors.unwrap_or_else(|| Cursors::new(Vec::new()));
        ready(read(request.path(), request.query_string(), cursors))
    }
}

fn read<F: Filter, S: SortField>(path: &str, query: &str, cursors: Cursors) -> Result<List<F, S>, Problem> {
    let mut params = Params::read(query);
    let filter = F::read(&mut params);
    let (limit, cursor, sort, include_total) = read_page::<S>(&mut params);
    params.finish()?;
    let name = list_name(path, query);
    let after = match cursor {
        None => None,
        Some(cursor) => Some(cursors.open(&name, &cursor).ok_or_else(|| {
            let detail = "The cursor was not made here for this list, order and filter: begin without one.";
            Problem::bad_request("cursor.invalid", detail)
        })?),
    };
    let page = PageRequest { limit, after, sort, include_total };
    Ok(List { filter, page, cursors, name })
}

fn read_page<S: SortField>(params: &mut Params) -> (u64, Option<String>, Vec<SortBy<S>>, bool) {
    let limit = params.one("limit", "How many to answer at most.", &limit_kind());
    let cursor = params.one("cursor", "The `next_cursor` of the page before.", &cursor_kind());
    let sort = if S::FIELDS.is_empty() {
        None
    } else {
        let description = "Fields to order by, the most important first; `-` in front of one reverses it.";
        params.one("sort", description, &Kind { parse: parse_sort, schema: sort_schema::<S>, expects: sort_hint::<S> })
    };
    let include = params.one("include", "`total` counts all pages.", &include_kind());
    let sort = sort.unwrap_or_else(|| S::DEFAULT.to_vec());
    (limit.unwrap_or(DEFAULT_LIMIT), cursor, sort, include.is_some())
}

/// The list with its filters and its order, whatever the order of the parameters.
fn list_name(path: &str, query: &str) -> String {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| !matches!(name.as_ref(), "cursor" | "limit" | "include"))
        .collect();
    pairs.sort();
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("{path}?{query}")
}

/// A field named twice counts where it is named first.
fn parse_sort<S: SortField>(raw: &str) -> Option<Vec<SortBy<S>>> {
    let mut sort: Vec<SortBy<S>> = Vec::new();
    for part in raw.split(',') {
        let (name, descending) = part.strip_prefix('-').map_or((part, false), |name| (name, true));
        let (_, field) = S::FIELDS.iter().find(|(known, _)| *known == name)?;
        if !sort.iter().any(|by| by.field == *field) {
            sort.push(SortBy { field: *field, descending });
        }
    }
    Some(sort)
}

fn sort_schema<S: SortField>() -> Object {
    let names = S::FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join("|");
    let example = S::FIELDS.first().map(|(name, _)| format!("-{name}"));
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^-?({names})(,-?({names})){{0,7}}$")))
        .examples(example)
        .build()
}

fn sort_hint<S: SortField>() -> String {
    let names = S::FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    format!("some of {names}, separated by commas, with `-` in front of those to be reversed")
}

fn limit_kind() -> Kind<u64> {
    Kind {
        parse: |raw| raw.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)),
        schema: || {
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(MAX_LIMIT))
                .default(Some(DEFAULT_LIMIT.into()))
                .build()
        },
        expects: || format!("a whole number from 1 to {MAX_LIMIT}"),
    }
}

fn cursor_kind() -> Kind<String> {
    Kind {
        parse: |raw| Some(raw.to_owned()),
        schema: || ObjectBuilder::new().schema_type(Type::String).max_length(Some(cursor::MAX_CHARS)).build(),
        expects: || "a cursor".to_owned(),
    }
}

fn include_kind() -> Kind<()> {
    Kind {
        parse: |raw| (raw == "total").then_some(()),
        schema: || ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["total"])).build(),
        expects: || "`total`".to_owned(),
    }
}

impl<F: Filter, S: SortField> IntoParams for List<F, S> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut params = Params::documenting();
        F::read(&mut params);
        read_page::<S>(&mut params);
        params.into_documentation()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::Value;
    use tenon_application::tasks::{TaskFilter, TaskSort};

    use super::*;

    fn tasks(query: &str) -> Result<List<TaskFilter, TaskSort>, Problem> {
        read("/api/v1/tasks", query, Cursors::new(b"key".to_vec()))
    }

    #[test]
    fn pages_have_1_to_200_items() {
        assert_eq!(tasks("").ok().map(|list| list.page.limit), Some(50));
        assert_eq!(tasks("limit=200").ok().map(|list| list.page.limit), Some(200));
        for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "include=all"] {
            assert!(tasks(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_order_is_a_list_of_known_fields() {
        let sort = tasks("sort=-created_at,key,created_at").ok().map(|list| list.page.sort);
        let by = |field, descending| SortBy { field, descending };
        assert_eq!(sort, Some(vec![by(TaskSort::CreatedAt, true), by(TaskSort::Key, false)]));
        for query in ["sort=", "sort=--key", "sort=key,", "sort=color", "sort=Key"] {
            assert!(tasks(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_cursor_goes_with_its_filters_and_order_however_they_are_arranged() {
        let first = tasks("status=todo&status=done&sort=key").ok().unwrap();
        let position = Position { values: Vec::new(), id: Uuid::nil() };
        let cursor = first.cursors.seal(&first.name, &position).unwrap();
        let next = |query: &str| tasks(&format!("{query}&cursor={cursor}"));
        assert_eq!(next("sort=key&status=done&limit=7&status=todo").ok().and_then(|l| l.page.after), Some(position));
        assert!(next("sort=key&status=done").is_err());
        assert!(next("sort=-key&status=done&status=todo").is_err());
        assert!(tasks("cursor=").is_err());
    }

    #[actix_web::test]
    async fn a_list_that_is_at_hand_is_paged_like_any_other() {
        let page = |query: String| {
            let cursors = Cursors::new(b"key".to_vec());
            let list = read::<Unfiltered, Unsorted>("/api/v1/permissions", &query, cursors).ok().unwrap();
            list.answer_from::<_, u64>(vec![1_u64, 2, 3, 4, 5].into_iter()).ok().unwrap()
        };
        let mut query = "limit=2&include=total".to_owned();
        let mut found = Vec::new();
        loop {
            let bytes = to_bytes(page(query).into_body()).await.ok().unwrap();
            let body: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(body["total"], 5);
            found.push(body["data"].as_array().unwrap().len());
            let Some(cursor) = body["next_cursor"].as_str() else { break };
            query = format!("limit=2&include=total&cursor={cursor}");
        }
        assert_eq!(found, [2, 2, 1]);
    }
}
