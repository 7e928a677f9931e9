use std::sync::Arc;

use tenon_application::documents::Documents;
use tenon_application::identity::{SessionDirectory, TokenGuesses};
use tenon_application::{App, Replica};
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::ids::UuidV7Ids;
use tenon_infrastructure::persistence::{Database, SqlDocumentSource, SqlQueries, SqlTransactions};
use tenon_infrastructure::security::KeyedAddressDigests;

use super::Links;
use super::secrets::master_secret;
use crate::config::Config;
use crate::failure::Failure;

/// The use cases, on the stores of a deployment.
pub(crate) fn app(config: &Config, database: &Database, links: &Links) -> Result<App, Failure> {
    let queries = SqlQueries::new(database.without_replica()).queries();
    let replica = config.database.read_url.as_ref().map(|_| SqlQueries::new(database.clone()).queries());
    let documents = Documents::new(links.cache.clone(), Arc::new(SqlDocumentSource::new(database.clone())));
    let sessions = SessionDirectory::new(links.cache.clone(), queries.identity.clone())
        .watching(database.availability().clone())
        .limiting(token_guesses(config, links));
    let ids = Arc::new(UuidV7Ids);
    Ok(App {
        transactions: Arc::new(SqlTransactions::new(database.clone(), ids.clone())),
        queries,
        replica: replica.map(|queries| Replica::new(queries, links.cache.clone())),
        documents: if config.cache { documents } else { documents.uncached() },
        sessions,
        relay: links.waker.clone(),
        clock: Arc::new(SystemClock),
        ids,
        addresses: Arc::new(KeyedAddressDigests::new(&master_secret(config)?)),
        tenancy: config.tenancy,
        session_max_age: config.session_max_age,
        availability: database.availability().clone(),
    })
}

/// Made-up personal access tokens are counted like other guesses.
fn token_guesses(config: &Config, links: &Links) -> TokenGuesses {
    let policy = config.rate_limits.then_some(config.rate_quotas.auth);
    policy.map_or_else(TokenGuesses::default, |policy| TokenGuesses::limited(links.limiter.clone(), policy))
}
