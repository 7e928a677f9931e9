//! Keyset pagination: pages that stay stable under inserts and deletes, and cost the same at any depth.

use chrono::NaiveDate;
use tenon_domain::Timestamp;
use uuid::Uuid;

/// One value of a position. `Nothing` sorts after every value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PositionValue {
    Nothing,
    Text(String),
    Number(i64),
    Date(NaiveDate),
    Moment(Timestamp),
}

/// Where a page ended: the values it was ordered by, and the id that makes the order total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub values: Vec<PositionValue>,
    pub id: Uuid,
}

/// A field to order by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortBy<F> {
    pub field: F,
    pub descending: bool,
}

/// Which page is asked for. `F` is the list's enum of sort fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<F> {
    pub limit: u64,
    pub after: Option<Position>,
    /// The id is always the last criterion; it need not be listed.
    pub sort: Vec<SortBy<F>>,
    pub include_total: bool,
}

impl<F> PageRequest<F> {
    pub const DEFAULT_LIMIT: u64 = 50;
    pub const MAX_LIMIT: u64 = 200;
}

/// Lists that have one fixed order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsorted {}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<Position>,
    pub total: Option<u64>,
}

impl<T> Page<T> {
    /// Makes a page of `limit` items out of up to `limit + 1` rows: one more than asked for shows that there is more.
    pub fn cut(mut rows: Vec<T>, limit: u64, total: Option<u64>, position: impl Fn(&T) -> Position) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(position) } else { None };
        Self { items: rows, next, total }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next, total: self.total }
    }
}
