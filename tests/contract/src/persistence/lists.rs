//! Walking through lists page by page.

use std::future::Future;

use tenon_application::{Page, PageRequest, SortBy, StoreError};

pub(super) fn request<F>(limit: u64, sort: Vec<SortBy<F>>) -> PageRequest<F> {
    PageRequest { limit, after: None, sort, include_total: false }
}

/// All items of a list, fetched page by page. Every page but the last must be full.
pub(super) async fn walk<F, T, Fut>(mut request: PageRequest<F>, mut fetch: impl FnMut(PageRequest<F>) -> Fut) -> Vec<T>
where
    F: Clone,
    Fut: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut items = Vec::new();
    loop {
        let page = fetch(request.clone()).await.unwrap();
        let limit = usize::try_from(request.limit).unwrap();
        assert!(page.items.len() <= limit);
        assert!(page.next.is_none() || page.items.len() == limit, "a page in the middle is not full");
        items.extend(page.items);
        match page.next {
            Some(position) => request.after = Some(position),
            None => return items,
        }
    }
}
