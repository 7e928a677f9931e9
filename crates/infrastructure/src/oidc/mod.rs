//! Identity providers, as OpenID Connect has them: found by their issuer, asked for ID tokens, and believed no further
//! than their keys go.

mod directory;
mod exchange;
mod gateway;
mod id_token;

pub use gateway::HttpOidcGateway;
