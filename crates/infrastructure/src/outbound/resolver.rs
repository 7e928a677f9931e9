use std::error::Error;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::{GaiFuture, GaiResolver, Name};
use tower_service::Service;

use super::{OutboundPolicy, addresses};

/// Finds the addresses of a name, and forgets those that must not be called. What is connected to is what was looked at:
/// a name that means something else a moment later changes nothing.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    system: GaiResolver,
    policy: OutboundPolicy,
}

/// None of the addresses of a name may be called.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0} has no public address")]
pub(super) struct NoPublicAddress(pub(super) String);

type Found = vec::IntoIter<SocketAddr>;
type Failed = Box<dyn Error + Send + Sync>;

impl GuardedResolver {
    pub(super) fn new(policy: OutboundPolicy) -> Self {
        Self { system: GaiResolver::new(), policy }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = Found;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<Found, Failed>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        self.system.poll_ready(context).map_err(Failed::from)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let asked = name.to_string();
        Box::pin(allowed(self.system.call(name), asked, self.policy))
    }
}

/// What may be called of the addresses of a name.
async fn allowed(answer: GaiFuture, asked: String, policy: OutboundPolicy) -> Result<Found, Failed> {
    let mut found: Vec<SocketAddr> = answer.await?.collect();
    if policy == OutboundPolicy::PublicOnly {
        found.retain(|address| addresses::is_public(address.ip()));
    }
    if found.is_empty() { Err(NoPublicAddress(asked).into()) } else { Ok(found.into_iter()) }
}
