//! HTTP to servers that others name: an identity provider, an issuer of access tokens. Whoever names one must not reach
//! by it what only Tenon can reach, nor keep Tenon waiting.

mod addresses;
mod client;
mod resolver;
mod tls;

use std::net::IpAddr;

use http::Uri;
use http::uri::Scheme;

pub use self::client::OutboundHttp;

/// Which servers may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutboundPolicy {
    /// Those with public addresses, by https.
    #[default]
    PublicOnly,
    /// All of them: for development, tests, and networks in which the servers are the operator's own.
    Anywhere,
}

impl OutboundPolicy {
    /// Refuses what the address itself shows. What a name stands for is looked at when it is resolved.
    fn check(self, uri: &Uri) -> Result<(), OutboundError> {
        let refused = || OutboundError::Forbidden(uri.host().unwrap_or_default().to_owned());
        let host = uri.host().ok_or_else(refused)?;
        if self == Self::Anywhere {
            return Ok(());
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let is_allowed = uri.scheme() == Some(&Scheme::HTTPS) && literal.is_none_or(addresses::is_public);
        if is_allowed { Ok(()) } else { Err(refused()) }
    }
}

/// Why a server was not called, or what it failed to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    #[error("{0:?} is not called: only servers with public addresses are, by https; see TENON_OUTBOUND_PRIVATE")]
    Forbidden(String),
    #[error("there is no answer: {0}")]
    Unanswered(String),
    #[error("the answer took longer than {0} ms")]
    TooSlow(u128),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

#[cfg(test)]
mod tests;
