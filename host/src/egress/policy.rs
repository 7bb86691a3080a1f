//! Which requests may leave: those to the sink's origin, and to what the operator allowed by name.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use heartbeats::config::{Origin, Scheme};
use http::uri::Authority;
use http::{Method, Uri};

/// Where the requests of one source may go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    sink: Option<(Scheme, HostPort)>,
    allowed: Vec<HostPort>,
}

/// Where an allowed request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The sink's origin: the source may show who it is.
    Sink,
    /// What the operator allows besides.
    Allowed,
}

/// A place that the operator allows, for `http` and `https`: `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: Host,
    port: u16,
}

/// Why a request must not leave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denied {
    /// A tunnel could lead anywhere.
    #[error("the method CONNECT is never allowed")]
    Connect,
    /// Neither `http` nor `https`.
    #[error("the scheme {0:?} is not allowed; use http or https")]
    Scheme(String),
    /// No host and port, or none that means the same to every reader.
    #[error("the URL has no well-formed host and port; write HOST or HOST:PORT")]
    Authority,
    /// `user@host` is a way to hide the host, and a way to lose a password.
    #[error("the URL has user information before its host; leave it out")]
    UserInfo,
    /// Another place than the sink.
    #[error("{0} is not the sink; if the source may use it, add --allow {0}")]
    Elsewhere(HostPort),
    /// The sink's host and port, but over the other scheme.
    #[error("{0} is the sink, but not over {1}; if the source may use both, add --allow {0}")]
    OtherScheme(HostPort, &'static str),
}

/// A value of `--allow` that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("names no host and port; write HOST:PORT, an IPv6 address in brackets")]
pub struct HostPortError;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Host {
    /// In lower case.
    Name(String),
    /// Compared as an address, as it can be written in many ways.
    Ip(IpAddr),
}

impl Policy {
    /// Allows the sink's origin, if it is known, and `allowed`.
    pub fn new(sink: Option<Origin>, allowed: Vec<HostPort>) -> Self {
        let sink = sink.map(|Origin { scheme, host, port }| {
            (
                scheme,
                HostPort {
                    host: Host::new(&host),
                    port,
                },
            )
        });
        Self { sink, allowed }
    }

    /// Whether an `https` request can pass at all.
    pub fn allows_tls(&self) -> bool {
        !self.allowed.is_empty() || matches!(self.sink, Some((Scheme::Https, _)))
    }

    /// Decides about one request. The caller opens no connection before.
    pub fn check(&self, method: &Method, uri: &Uri) -> Result<Place, Denied> {
        if method == Method::CONNECT {
            return Err(Denied::Connect);
        }
        let (scheme, name, default_port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, "http", 80),
            Some("https") => (Scheme::Https, "https", 443),
            other => return Err(Denied::Scheme(other.unwrap_or_default().to_owned())),
        };
        let target = target(uri.authority().ok_or(Denied::Authority)?, default_port)?;
        match &self.sink {
            Some((sink_scheme, sink)) if *sink_scheme == scheme && *sink == target => {
                Ok(Place::Sink)
            }
            _ if self.allowed.contains(&target) => Ok(Place::Allowed),
            Some((_, sink)) if *sink == target => Err(Denied::OtherScheme(target, name)),
            _ => Err(Denied::Elsewhere(target)),
        }
    }
}

fn target(authority: &Authority, default_port: u16) -> Result<HostPort, Denied> {
    if authority.as_str().contains('@') {
        return Err(Denied::UserInfo);
    }
    let host = authority.host();
    // `Authority::port` is `None` for a port that is empty or too large, which then reads as the default port.
    let port = match authority.as_str().strip_prefix(host) {
        Some("") => default_port,
        Some(rest) => rest
            .strip_prefix(':')
            .and_then(digits)
            .ok_or(Denied::Authority)?,
        None => return Err(Denied::Authority),
    };
    if host.is_empty() || port == 0 {
        return Err(Denied::Authority);
    }
    Ok(HostPort {
        host: Host::new(host),
        port,
    })
}

/// Stricter than `u16::from_str`, which takes a sign.
fn digits(port: &str) -> Option<u16> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit());
    if plain { port.parse().ok() } else { None }
}

impl Host {
    /// An IPv6 address may have brackets.
    fn new(host: &str) -> Self {
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        match bare.parse() {
            Ok(ip) => Self::Ip(ip),
            Err(_) => Self::Name(host.to_ascii_lowercase()),
        }
    }
}

impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        let authority = Authority::from_str(value).map_err(|_| HostPortError)?;
        // No default port: `--allow HOST` could mean either scheme's.
        target(&authority, 0).map_err(|_| HostPortError)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{port}"),
            Host::Ip(ip) => write!(f, "{ip}:{port}"),
            Host::Name(name) => write!(f, "{name}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(scheme: Scheme, host: &str, port: u16) -> Option<Origin> {
        Some(Origin {
            scheme,
            host: host.to_owned(),
            port,
        })
    }

    fn check(policy: &Policy, uri: &str) -> Result<Place, Denied> {
        policy.check(&Method::POST, &uri.parse().unwrap())
    }

    #[test]
    fn the_sink_and_what_is_allowed_pass() {
        let policy = Policy::new(
            origin(Scheme::Http, "sink.ns.svc", 80),
            vec!["other:8443".parse().unwrap()],
        );
        for (uri, place) in [
            ("http://sink.ns.svc/", Place::Sink),
            ("http://sink.ns.svc:80/a?b", Place::Sink),
            ("http://SINK.ns.SVC/", Place::Sink),
            ("http://other:8443/", Place::Allowed),
            ("https://Other:8443/", Place::Allowed),
        ] {
            assert_eq!(check(&policy, uri), Ok(place), "{uri}");
        }
    }

    #[test]
    fn an_ip_address_is_the_same_however_it_is_written() {
        let policy = Policy::new(origin(Scheme::Https, "::1", 443), vec![]);
        for uri in ["https://[::1]/", "https://[0:0:0:0:0:0:0:1]:443/"] {
            assert_eq!(check(&policy, uri), Ok(Place::Sink), "{uri}");
        }
        assert!(check(&policy, "https://[::2]/").is_err());
    }

    #[test]
    fn the_sink_by_another_scheme_is_allowed_but_is_not_the_sink() {
        let allowed = vec!["sink:443".parse().unwrap()];
        let policy = Policy::new(origin(Scheme::Https, "sink", 443), allowed);
        assert_eq!(check(&policy, "https://sink/"), Ok(Place::Sink));
        assert_eq!(check(&policy, "http://sink:443/"), Ok(Place::Allowed));
    }

    #[test]
    fn everything_else_is_refused_with_its_reason() {
        let policy = Policy::new(
            origin(Scheme::Http, "sink", 8080),
            vec!["other:1".parse().unwrap()],
        );
        for (uri, reason) in [
            (
                "http://sink:8081/",
                "sink:8081 is not the sink; if the source may use it, add --allow sink:8081",
            ),
            (
                "http://sink/",
                "sink:80 is not the sink; if the source may use it, add --allow sink:80",
            ),
            (
                "http://127.0.0.1:8080/",
                "127.0.0.1:8080 is not the sink; if the source may use it, add --allow 127.0.0.1:8080",
            ),
            (
                "http://[::1]:1/",
                "[::1]:1 is not the sink; if the source may use it, add --allow [::1]:1",
            ),
            (
                "http://sink.:8080/",
                "sink.:8080 is not the sink; if the source may use it, add --allow sink.:8080",
            ),
            (
                "https://sink:8080/",
                "sink:8080 is the sink, but not over https; if the source may use both, add --allow sink:8080",
            ),
            (
                "http://sink:8080@evil/",
                "the URL has user information before its host; leave it out",
            ),
            (
                "http://user:pass@sink:8080/",
                "the URL has user information before its host; leave it out",
            ),
            (
                "http://@sink:8080/",
                "the URL has user information before its host; leave it out",
            ),
            (
                "http://sink:/",
                "the URL has no well-formed host and port; write HOST or HOST:PORT",
            ),
            (
                "http://sink:88080/",
                "the URL has no well-formed host and port; write HOST or HOST:PORT",
            ),
            (
                "http://sink:0/",
                "the URL has no well-formed host and port; write HOST or HOST:PORT",
            ),
            (
                "ftp://sink:8080/",
                "the scheme \"ftp\" is not allowed; use http or https",
            ),
            ("/path", "the scheme \"\" is not allowed; use http or https"),
        ] {
            match uri.parse::<Uri>() {
                Ok(uri) => {
                    let denied = policy
                        .check(&Method::POST, &uri)
                        .map_err(|denied| denied.to_string());
                    assert_eq!(denied, Err(reason.to_owned()), "{uri}");
                }
                // What the parser refuses never becomes a request.
                Err(_) => assert!(uri.ends_with(":/") || uri.contains("88080"), "{uri}"),
            }
        }
        assert_eq!(
            policy.check(&Method::CONNECT, &"http://sink:8080/".parse().unwrap()),
            Err(Denied::Connect)
        );
    }

    #[test]
    fn without_a_sink_nothing_passes() {
        assert!(check(&Policy::default(), "http://sink/").is_err());
        assert!(!Policy::default().allows_tls());
    }

    #[test]
    fn an_allowance_needs_a_host_and_a_port() {
        for value in [
            "",
            "host",
            "host:",
            ":1",
            "host:x",
            "host:+1",
            "host:65536",
            "host:0",
            "u@host:1",
            "http://h:1",
            "h:1/p",
        ] {
            assert_eq!(value.parse::<HostPort>(), Err(HostPortError), "{value}");
        }
        assert_eq!(
            "[::1]:80".parse::<HostPort>().unwrap().to_string(),
            "[::1]:80"
        );
        assert_eq!(
            "Host:80".parse::<HostPort>().unwrap().to_string(),
            "host:80"
        );
    }
}
