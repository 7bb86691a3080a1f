//! The proxies of the host's own environment: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, by the original's rules.
//!
//! The rules are those of Go, which hyper-util's matcher has but for two: this machine is never reached by a proxy, and
//! an entry of `NO_PROXY` may have a port.

use std::ffi::OsString;
use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// Which requests go through which proxy. By default none does.
#[derive(Clone, Default)]
pub struct Proxies(Option<Arc<Rules>>);

struct Rules {
    /// Some proxy is spoken to over TLS.
    tls: bool,
    matcher: Matcher,
    /// For an entry of `NO_PROXY` with a port: a matcher that leaves out only that host.
    no_proxy: Vec<(u16, Matcher)>,
}

/// A proxy that cannot be used. Its URL may hold a password and is not shown.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}: is no URL of a proxy that can be used; write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"
)]
pub struct ProxyError(&'static str);

impl Proxies {
    /// The rules of these variables; each can be written in lower case too.
    pub fn new(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ProxyError> {
        let text = |name: &'static str| {
            let value = |name: &str| variable(name).filter(|value| !value.is_empty());
            let value = value(name).or_else(|| value(&name.to_ascii_lowercase()));
            let value = value.map(OsString::into_string).transpose();
            value
                .map(Option::unwrap_or_default)
                .map_err(|_| ProxyError(name))
        };
        let (http, https) = (text("HTTP_PROXY")?, text("HTTPS_PROXY")?);
        if http.is_empty() && https.is_empty() {
            return Ok(Self::default());
        }
        let exceptions = text("NO_PROXY")?.replace("*.", ".");
        let (ported, plain): (Vec<_>, Vec<_>) = exceptions
            .split(',')
            .map(str::trim)
            .partition(|entry| split_port(entry).is_some());
        let no_proxy = ported.into_iter().filter_map(split_port);
        let mut rules = Rules {
            tls: false,
            no_proxy: no_proxy
                .map(|(host, port)| {
                    (
                        port,
                        Matcher::builder()
                            .http("http://p")
                            .https("http://p")
                            .no(host)
                            .build(),
                    )
                })
                .collect(),
            matcher: Matcher::builder()
                .http(http.as_str())
                .https(https.as_str())
                .no(plain.join(","))
                .build(),
        };
        for (name, value, sample) in [
            ("HTTP_PROXY", http, "http://h/"),
            ("HTTPS_PROXY", https, "https://h/"),
        ] {
            // Without exceptions, which may hold for the sample.
            let alone = Matcher::builder()
                .http(value.as_str())
                .https(value.as_str())
                .build();
            let proxy = alone.intercept(&Uri::from_static(sample));
            let usable = proxy.as_ref().is_some_and(|proxy| {
                matches!(proxy.uri().scheme_str(), Some("http" | "https")) || is_socks(proxy.uri())
            });
            if !value.is_empty() && !usable {
                return Err(ProxyError(name));
            }
            rules.tls |= proxy.is_some_and(|proxy| proxy.uri().scheme() == Some(&Scheme::HTTPS));
        }
        Ok(Self(Some(Arc::new(rules))))
    }

    /// Whether some proxy is spoken to over TLS.
    pub fn need_tls(&self) -> bool {
        self.0.as_ref().is_some_and(|rules| rules.tls)
    }

    /// The proxy for a request to this URL, if it needs one.
    pub(super) fn of(&self, uri: &Uri) -> Option<Intercept> {
        let rules = self.0.as_ref()?;
        if is_this_machine(uri.host()?) {
            return None;
        }
        let port = uri.port_u16().unwrap_or(default_port(uri));
        let excepted = |(of, no): &(u16, Matcher)| *of == port && no.intercept(uri).is_none();
        if rules.no_proxy.iter().any(excepted) {
            return None;
        }
        rules.matcher.intercept(uri)
    }
}

/// The port of a sink whose URL names none.
pub(super) fn default_port(uri: &Uri) -> u16 {
    match uri.scheme() == Some(&Scheme::HTTPS) {
        true => 443,
        false => 80,
    }
}

/// Whether the proxy speaks SOCKS 5. It resolves the names, as Go has it under both schemes.
pub(super) fn is_socks(proxy: &Uri) -> bool {
    matches!(proxy.scheme_str(), Some("socks5" | "socks5h"))
}

/// `HOST:PORT` of an entry; `None` if it has no port.
fn split_port(entry: &str) -> Option<(&str, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    // A colon more: an IPv6 address without a port.
    if bare.is_none() && host.contains(':') {
        return None;
    }
    Some((bare.unwrap_or(host), port.parse().ok()?))
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, ProxyError> {
        Proxies::new(&|asked| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| value.into())
        })
    }

    fn of(variables: &[(&str, &str)], uri: &'static str) -> Option<String> {
        let proxy = proxies(variables).unwrap().of(&Uri::from_static(uri))?;
        Some(proxy.uri().to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = [("HTTP_PROXY", "http://p:1"), ("https_proxy", "q:2")];
        assert_eq!(of(&both, "http://sink/").as_deref(), Some("http://p:1/"));
        assert_eq!(of(&both, "https://sink/").as_deref(), Some("http://q:2/"));
        assert_eq!(of(&both[..1], "https://sink/"), None);
        let tls = [("HTTP_PROXY", "https://p")];
        assert_eq!(of(&tls, "http://sink/").as_deref(), Some("https://p/"));
        assert_eq!(of(&[], "http://sink/"), None);
        let socks = [("HTTP_PROXY", "socks5h://me:secret@p:1")];
        assert_eq!(
            of(&socks, "http://sink/").as_deref(),
            Some("socks5h://p:1/")
        );
        let twice = [("HTTP_PROXY", "http://p"), ("http_proxy", "http://q")];
        assert_eq!(of(&twice, "http://sink/").as_deref(), Some("http://p/"));
    }

    #[test]
    fn this_machine_and_what_no_proxy_names_are_reached_directly() {
        let no = "a.example, .b.example,*.c.example,10.0.0.0/8,d.example:81,[fd00::1]:82,fd00::2";
        let variables = [("HTTP_PROXY", "http://p"), ("NO_PROXY", no)];
        for uri in [
            "http://localhost/",
            "http://LOCALHOST:8080/",
            "http://127.1.2.3/",
            "http://[::1]/",
            "http://a.example/",
            "http://x.a.example/",
            "http://x.b.example/",
            "http://x.c.example/",
            "http://10.2.3.4/",
            "http://d.example:81/",
            "http://[fd00::1]:82/",
            "http://[fd00::2]/",
        ] {
            assert_eq!(of(&variables, uri), None, "{uri}");
        }
        for uri in [
            "http://aa.example/",
            "http://11.0.0.1/",
            "http://d.example/",
            "http://[fd00::1]/",
            "http://169.254.1.1/",
        ] {
            assert!(of(&variables, uri).is_some(), "{uri}");
        }
        assert_eq!(
            of(
                &[("HTTP_PROXY", "http://p"), ("NO_PROXY", "*")],
                "http://x/"
            ),
            None
        );
    }

    #[test]
    fn a_password_is_for_the_proxy_and_never_shown() {
        let proxies = proxies(&[("HTTP_PROXY", "http://me:secret@p:1")]).unwrap();
        let proxy = proxies.of(&Uri::from_static("http://sink/")).unwrap();
        assert_eq!(proxy.basic_auth().unwrap(), "Basic bWU6c2VjcmV0");
        assert_eq!(proxy.uri(), "http://p:1/");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error() {
        for value in ["socks4://me:secret@p", "ftp://p", "http://", "http://a b"] {
            let error = proxies(&[("HTTPS_PROXY", value)]).err().unwrap();
            assert_eq!(error, ProxyError("HTTPS_PROXY"), "{value}");
        }
    }
}
