//! Names to addresses, with an error of its own that can be told from a failed connection.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// The system's resolver.
#[derive(Clone, Debug)]
pub(crate) struct Resolver;

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("cannot resolve {name:?}: {source}")]
pub(crate) struct Unresolved {
    name: String,
    source: io::Error,
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            // musl, in the image, looks for a name in /etc/hosts by the letter.
            let name = name.as_str().to_ascii_lowercase();
            let name = name.as_str();
            // The connector puts in the port.
            match tokio::net::lookup_host((name, 0)).await {
                Ok(addresses) => Ok(addresses.collect::<Vec<_>>().into_iter()),
                Err(source) => Err(Unresolved {
                    name: name.to_owned(),
                    source,
                }),
            }
        })
    }
}
