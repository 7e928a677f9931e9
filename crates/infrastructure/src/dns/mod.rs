//! DNS, asked over the network.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, Record};
use tenon_application::organizations::{LookupError, TxtRecords};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long somebody waits for an answer at most, and for being asked at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one server is waited for before it is asked again, or the next one.
const PATIENCE_WITH_A_SERVER: Duration = Duration::from_secs(2);
/// How many names are looked up at the same time. `LookupsUnderWay` leaves some of them to the daily look.
const MOST_AT_ONCE: usize = 16;

/// Looks records up through name servers that look further, and believes what they say.
pub struct DnsTxtRecords {
    /// Without DNS everything else works: whoever asks is told why it is away.
    resolver: Result<TokioResolver, LookupError>,
    room: Semaphore,
}

impl DnsTxtRecords {
    /// Asks these servers, and those that the machine is set up with where none is named.
    pub fn new(servers: &[SocketAddr]) -> Self {
        Self { resolver: resolver(servers).map_err(away), room: Semaphore::new(MOST_AT_ONCE) }
    }

    async fn ask(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let _room = self.room.acquire().await.map_err(away)?;
        let resolver = self.resolver.as_ref().map_err(Clone::clone)?;
        // What is no name has no records.
        let Ok(mut name) = Name::from_ascii(name) else { return Ok(Vec::new()) };
        name.set_fqdn(true);
        match resolver.txt_lookup(name).await {
            Ok(found) => Ok(found.answers().iter().filter_map(text).collect()),
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            Err(error) => Err(away(error)),
        }
    }
}

#[async_trait]
impl TxtRecords for DnsTxtRecords {
    async fn lookup(&self, name: &str) -> Result<Vec<String>, LookupError> {
        timeout(PATIENCE, self.ask(name)).await.map_err(|_| LookupError("no answer in time".to_owned()))?
    }
}

fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, NetError> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio()?
    } else {
        let servers = servers.iter().map(|server| name_server(*server)).collect();
        TokioResolver::builder_with_config(ResolverConfig::from_name_servers(servers), TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = PATIENCE_WITH_A_SERVER;
    options.attempts = 2;
    // Who has just made a record does not want to hear that there was none.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

/// What a record says. A long text is stored in pieces.
fn text(record: &Record) -> Option<String> {
    let RData::TXT(text) = &record.data else { return None };
    Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
}

fn away(error: impl ToString) -> LookupError {
    LookupError(error.to_string())
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::rdata::TXT;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_a_record_holds_is_text(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..4)) {
            let bytes = pieces.concat();
            let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
            let record = Record::from_rdata(Name::root(), 60, RData::TXT(TXT::from_bytes(pieces)));
            prop_assert_eq!(text(&record), Some(String::from_utf8_lossy(&bytes).into_owned()));
        }

        #[test]
        fn a_text_in_pieces_is_one(said in any::<String>(), at in any::<prop::sample::Index>()) {
            let (first, second) = said.as_bytes().split_at(at.index(said.len() + 1));
            let record = Record::from_rdata(Name::root(), 60, RData::TXT(TXT::from_bytes(vec![first, second])));
            prop_assert_eq!(text(&record), Some(said));
        }
    }
}
