//! Names to addresses, with errors of its own that can be told from a failed connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::egress::refused;

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub(super) enum Resolver {
    /// For sinks: not every address may be reached by a name. A literal address never comes here.
    Checked,
    /// For proxies, which the operator names.
    Trusting,
}

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
    /// It has no address.
    #[error("cannot resolve {name:?}: {source}")]
    Unknown { name: String, source: io::Error },
    /// It has only addresses that are refused.
    #[error(
        "{name:?} is {address}, {why}, and no name may lead there; a sink that means it names the address"
    )]
    Refused {
        name: String,
        address: IpAddr,
        why: &'static str,
    },
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let resolver = *self;
        Box::pin(async move {
            // musl, in the image, looks for a name in /etc/hosts by the letter.
            let name = name.as_str().to_ascii_lowercase();
            let name = name.as_str();
            // The connector puts in the port.
            match tokio::net::lookup_host((name, 0)).await {
                Ok(addresses) => match resolver {
                    Self::Checked => Ok(allowed(name, addresses)?.into_iter()),
                    Self::Trusting => Ok(addresses.collect::<Vec<_>>().into_iter()),
                },
                Err(source) => Err(Unresolved::Unknown {
                    name: name.to_owned(),
                    source,
                }),
            }
        })
    }
}

fn allowed(
    name: &str,
    addresses: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Unresolved> {
    let mut refusal = None;
    let allowed: Vec<_> = addresses
        .filter(|address| match refused(address.ip()) {
            Some(why) => {
                refusal = Some((address.ip(), why));
                false
            }
            None => true,
        })
        .collect();
    match refusal {
        Some((address, why)) if allowed.is_empty() => Err(Unresolved::Refused {
            name: name.to_owned(),
            address,
            why,
        }),
        _ => Ok(allowed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(addresses: &[&str]) -> Result<usize, String> {
        let addresses = addresses
            .iter()
            .map(|address| SocketAddr::new(address.parse().unwrap(), 0));
        allowed("name", addresses)
            .map(|allowed| allowed.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_keeps_only_the_addresses_that_it_may_lead_to() {
        assert_eq!(of(&["10.0.0.1", "169.254.1.1", "::1"]), Ok(2));
        let error = of(&["fe80::1"]).unwrap_err();
        assert!(
            error.starts_with("\"name\" is fe80::1, a link-local address"),
            "{error}"
        );
    }
}
