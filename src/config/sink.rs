//! Where events go: `K_SINK`, or else `--sink`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::flags::Flags;
use super::{Cause, Env, Problem, Problems};
use crate::event::percent;
use crate::go::url::{Url, User};

/// A sink, ready for requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// The scheme, host and port.
    pub origin: Origin,
    /// Host and port for a request's authority, as written but for what HTTP would not take.
    pub authority: String,
    /// Path and query, percent-encoded.
    pub target: String,
    /// The value of `Authorization`, made of the URL's user information. Secret.
    pub authorization: Option<String>,
    /// The URL for logs, without its user information and query: either may hold a secret.
    pub shown: String,
}

/// A scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// How the host is spoken to.
    pub scheme: Scheme,
    /// The host as written but in lower case, an IPv6 address without brackets.
    pub host: String,
    /// The port, the scheme's default where the URL names none.
    pub port: u16,
}

/// How a host is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

/// The sink that these settings name, for a host that must know what to allow. `None` where they are wrong: the guest
/// reports that.
pub fn sink(args: &[String], env: Env<'_>) -> Option<Sink> {
    let flags = Flags::read(args, &mut Problems::default())?;
    Sink::read(flags.sink, env).ok()
}

/// The origin of that sink.
pub fn sink_origin(args: &[String], env: Env<'_>) -> Option<Origin> {
    Some(sink(args, env)?.origin)
}

impl Sink {
    /// Reads and checks the sink. A variable that is set to nothing counts as not set, as in the original.
    pub(super) fn read(flag: &str, env: Env<'_>) -> Result<Sink, Problem> {
        let (setting, text) = match env("K_SINK") {
            Some(text) if !text.is_empty() => ("K_SINK", text),
            _ => ("--sink", flag.to_owned()),
        };
        match text.trim() {
            "" if setting == "K_SINK" => Err(Problem::new(setting, &text, Cause::NoSink)),
            "" => Err(Problem::unset("K_SINK", Cause::NoSink)),
            trimmed => Sink::parse(trimmed).map_err(|cause| Problem::new(setting, trimmed, cause)),
        }
    }

    fn parse(text: &str) -> Result<Sink, Cause> {
        let url = Url::parse(text).map_err(Cause::BadSink)?;
        let (scheme, default_port) = match url.scheme.as_str() {
            "http" => (Scheme::Http, 80),
            "https" => (Scheme::Https, 443),
            _ => return Err(Cause::SinkScheme),
        };
        if url.host.is_empty() {
            return Err(Cause::NoSinkHost);
        }
        let host =
            String::from_utf8(url.host).map_err(|_| Cause::BadSinkHost("it is not UTF-8"))?;
        let (host, port) = split_port(&host)?;
        let host = Host::parse(host)?;
        let authority = port.map_or_else(
            || host.written.clone(),
            |port| format!("{}:{port}", host.written),
        );
        let path = if url.path.is_empty() { "/" } else { &url.path };
        Ok(Sink {
            origin: Origin {
                scheme,
                host: host.name,
                port: port.unwrap_or(default_port),
            },
            target: format!("{path}{}", encode_query(&url.query)),
            authorization: url.user.as_ref().map(basic),
            shown: format!(
                "{}://{authority}{path}{}",
                url.scheme,
                if url.query.is_empty() { "" } else { "?…" }
            ),
            authority,
        })
    }
}

/// Host and port; a colon without a port is left out.
fn split_port(authority: &str) -> Result<(&str, Option<u16>), Cause> {
    let Some((host, port)) = authority
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'))
    else {
        return Ok((authority, None));
    };
    match port.parse() {
        _ if port.is_empty() => Ok((host, None)),
        Ok(0) | Err(_) => Err(Cause::SinkPort),
        Ok(port) => Ok((host, Some(port))),
    }
}

struct Host {
    /// For a request, with brackets round an IPv6 address.
    written: String,
    /// For comparison, in lower case and without them.
    name: String,
}

impl Host {
    fn parse(text: &str) -> Result<Host, Cause> {
        let address = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        if address.contains(':') {
            // Go takes an IPv6 address without brackets too.
            if address.parse::<core::net::Ipv6Addr>().is_err() {
                return Err(Cause::BadSinkHost(
                    "it is no IPv6 address; one with a zone can not be used",
                ));
            }
            return Ok(Host {
                written: format!("[{address}]"),
                name: address.to_ascii_lowercase(),
            });
        }
        if !text.is_ascii() {
            return Err(Cause::BadSinkHost(
                "it is not ASCII; write it in its xn-- form",
            ));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte))
        {
            return Err(Cause::BadSinkHost(
                "it has a character that no host may have",
            ));
        }
        let last = text
            .trim_end_matches('.')
            .rsplit('.')
            .next()
            .unwrap_or_default();
        if is_number(last) && text.parse::<core::net::Ipv4Addr>().is_err() {
            // Go looks such a host up as a name; the libraries of other systems take `127.1` for an address.
            return Err(Cause::BadSinkHost(
                "it is no IPv4 address; write four numbers from 0 to 255",
            ));
        }
        // Go sends to this machine where only a port is given.
        let text = if text.is_empty() { "localhost" } else { text };
        Ok(Host {
            written: text.to_owned(),
            name: text.to_ascii_lowercase(),
        })
    }
}

fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// The original sent a query as it was written, and with it broken request lines.
fn encode_query(query: &str) -> String {
    let mut encoded = String::with_capacity(query.len());
    for byte in query.bytes() {
        match byte {
            b'"' | b'<' | b'>' => percent::push(&mut encoded, byte),
            0x21..=0x7e => encoded.push(char::from(byte)),
            _ => percent::push(&mut encoded, byte),
        }
    }
    encoded
}

fn basic(user: &User) -> String {
    let mut pair = user.name.clone();
    pair.push(b':');
    pair.extend_from_slice(user.password.as_deref().unwrap_or_default());
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

/// A text without all that may be user information of a URL in it, however broken the URL is.
pub(super) fn redact(text: &str) -> String {
    match text.rfind('@') {
        Some(at) => {
            let shown = match text[..at].split_once("//") {
                Some((scheme, _)) if is_scheme(scheme) => scheme.len() + 2,
                _ => 0,
            };
            format!("{}…{}", &text[..shown], &text[at..])
        }
        None => text.to_owned(),
    }
}

/// What may stand before the two slashes: nothing, or a word and a colon.
fn is_scheme(text: &str) -> bool {
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.is_empty() || text.strip_suffix(':').is_some_and(is_word)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn sink(text: &str) -> Result<Sink, Cause> {
        Sink::read(text, &|_| None).map_err(|problem| problem.cause)
    }

    #[test]
    fn a_sink_becomes_an_authority_and_a_target() {
        for (text, authority, target) in [
            ("http://127.0.0.1:18080", "127.0.0.1:18080", "/"),
            ("http://h/a/b", "h", "/a/b"),
            (" http://h/a#frag ", "h", "/a"),
            ("http://h?x", "h", "/?x"),
            ("http://h/?", "h", "/?"),
            ("http://h/é", "h", "/%C3%A9"),
            (
                "http://h/?q=a b\"é<>|%zz",
                "h",
                "/?q=a%20b%22%C3%A9%3C%3E|%zz",
            ),
            ("http://h/a;b=c?d;e", "h", "/a;b=c?d;e"),
            ("http://h//a/../b", "h", "//a/../b"),
            ("HTTP://LOCALHOST:8080/*", "LOCALHOST:8080", "/*"),
            ("http://h:/", "h", "/"),
            ("http://:8080/", "localhost:8080", "/"),
            ("http://[::1]:8080/", "[::1]:8080", "/"),
            ("http://::1:8080/", "[::1]:8080", "/"),
        ] {
            let sink = sink(text).unwrap();
            assert_eq!(
                (sink.authority.as_str(), sink.target.as_str()),
                (authority, target),
                "{text}"
            );
        }
    }

    #[test]
    fn an_origin_is_the_same_however_it_is_written() {
        let origin = |scheme, host: &str, port| Origin {
            scheme,
            host: host.to_owned(),
            port,
        };
        for (text, expected) in [
            ("http://Host/x", origin(Scheme::Http, "host", 80)),
            ("https://u:p@host", origin(Scheme::Https, "host", 443)),
            ("http://[0:0::1]:81", origin(Scheme::Http, "0:0::1", 81)),
        ] {
            assert_eq!(sink(text).unwrap().origin, expected, "{text}");
        }
    }

    #[test]
    fn user_information_becomes_basic_authentication_and_is_never_shown() {
        for (text, authorization) in [
            ("http://user:p%40ss@h/x?key=1", "Basic dXNlcjpwQHNz"),
            ("http://user@h/x?", "Basic dXNlcjo="),
        ] {
            let sink = sink(text).unwrap();
            assert_eq!(sink.authorization.as_deref(), Some(authorization));
            assert_eq!(sink.shown, "http://h/x?…");
        }
        assert_eq!(sink("http://h/x").unwrap().shown, "http://h/x");
        for text in [
            "http://u:secret@h:abc/",
            "http://u:secret/@h/",
            "http:u:secret@h",
            "u:secret@h/",
            "//u:secret@h/",
            "u:secret/x@h",
            "u:secret//x@h",
        ] {
            let problem = Sink::read(text, &|_| None).unwrap_err().to_string();
            assert!(
                !problem.contains("secret") && problem.contains("--sink"),
                "{problem}"
            );
        }
    }

    #[test]
    fn any_text_can_be_redacted() {
        for (text, shown) in [
            ("", ""),
            ("a/b", "a/b"),
            ("http://u:p@h/", "http://…@h/"),
            ("//u@h", "//…@h"),
            // A slash before a character of two bytes, and one before the @ itself.
            ("/é@", "…@"),
            ("http://é@", "http://…@"),
            ("/@", "…@"),
            ("@", "…@"),
        ] {
            assert_eq!(redact(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_sink_that_can_never_be_reached_is_refused() {
        for (text, cause) in [
            ("", Cause::NoSink),
            ("   ", Cause::NoSink),
            ("example-service", Cause::SinkScheme),
            ("//h/", Cause::SinkScheme),
            ("localhost:8080/", Cause::SinkScheme),
            ("ftp://h/", Cause::SinkScheme),
            (
                "127.0.0.1:8080/",
                Cause::BadSink(crate::go::url::Fault::ColonInFirstSegment),
            ),
            ("http:///x", Cause::NoSinkHost),
            ("http:x", Cause::NoSinkHost),
            ("http://h:0/", Cause::SinkPort),
            ("http://h:99999/", Cause::SinkPort),
            (
                "http://bücher.example/",
                Cause::BadSinkHost("it is not ASCII; write it in its xn-- form"),
            ),
            (
                "http://a<b/",
                Cause::BadSinkHost("it has a character that no host may have"),
            ),
        ] {
            assert_eq!(sink(text), Err(cause), "{text:?}");
        }
        for host in [
            "[fe80::1%25eth0]",
            "127.1",
            "2130706433",
            "0x7f000001",
            "1.2.3.256",
            "127.0.0.01",
            "a.1.",
        ] {
            assert!(
                matches!(sink(&format!("http://{host}/")), Err(Cause::BadSinkHost(_))),
                "{host}"
            );
        }
        for host in ["127.0.0.1", "1a", "a1.b2", "0xyz", "a.1.b"] {
            assert!(sink(&format!("http://{host}/")).is_ok(), "{host}");
        }
    }

    #[test]
    fn the_variable_wins_over_the_flag_unless_it_is_empty() {
        let read =
            |variable: &'static str| Sink::read("http://flag/", &|_| Some(variable.to_owned()));
        assert_eq!(read("http://variable/").unwrap().authority, "variable");
        assert_eq!(read("").unwrap().authority, "flag");
        assert_eq!(read(" ").unwrap_err().cause, Cause::NoSink);
    }

    #[test]
    fn a_host_learns_the_origin_from_the_same_settings() {
        let args = [
            "--label".to_owned(),
            "x".to_owned(),
            "--sink=http://h:81/x".to_owned(),
        ];
        assert_eq!(
            sink_origin(&args, &|_| None),
            Some(Origin {
                scheme: Scheme::Http,
                host: "h".to_owned(),
                port: 81
            })
        );
        assert_eq!(sink_origin(&[], &|_| None), None);
    }
}
