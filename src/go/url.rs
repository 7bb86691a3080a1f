//! URLs as Go's `net/url` parses and writes them: `ce-source` and the sink go through it, so that what the original
//! kept, encoded or refused is kept, encoded or refused here.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
mod escape;

use escape::{Part, escape, is_encoded, unescape};

/// A parsed URL. What is kept as written and what is decoded follows Go's `url.URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url {
    /// In lower case; empty for a relative reference.
    pub scheme: String,
    /// What follows a scheme without a slash, as in `urn:x`.
    pub opaque: String,
    /// User name and password, decoded.
    pub user: Option<User>,
    /// Host and port, decoded.
    pub host: Vec<u8>,
    /// An absolute path without `//` before it, as in `file:/x`.
    omit_host: bool,
    /// Percent-encoded.
    pub path: String,
    /// As written, with its question mark (`?` alone is kept too); empty where there is none.
    pub query: String,
    /// Percent-encoded, without its `#`.
    pub fragment: String,
}

/// The user information of an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: Vec<u8>,
    /// The password, where there is a colon.
    pub password: Option<Vec<u8>>,
}

/// Why a text is no URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A control character outside the fragment.
    Control,
    /// A `%` without two hexadecimal digits behind it, or one that a host may not have.
    Escape,
    /// It starts with a colon.
    NoScheme,
    /// `a:b` before the first slash, with something that is no scheme before the colon.
    ColonInFirstSegment,
    /// A character that a host may not have.
    HostCharacter,
    /// An address in brackets that is no IPv6 address, or has no closing bracket.
    Address,
    /// A port that is no number.
    Port,
    /// A character that user information may not have.
    UserInfo,
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Fault::Control => "it has a control character",
            Fault::Escape => "a % is not followed by two hexadecimal digits",
            Fault::NoScheme => "it starts with a colon",
            Fault::ColonInFirstSegment => "it has a colon before its first slash, but no scheme",
            Fault::HostCharacter => "its host has a character that no host may have",
            Fault::Address => "its host is no IPv6 address in brackets",
            Fault::Port => "its port is no number",
            Fault::UserInfo => "its user information has a character that must be percent-encoded",
        })
    }
}

impl Url {
    /// `url.Parse`.
    pub fn parse(text: &str) -> Result<Url, Fault> {
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let mut url = Url::parse_without_fragment(text)?;
        url.fragment = encoded(fragment, Part::Fragment)?;
        Ok(url)
    }

    fn parse_without_fragment(text: &str) -> Result<Url, Fault> {
        if text.bytes().any(|byte| byte < 0x20 || byte == 0x7f) {
            return Err(Fault::Control);
        }
        let mut url = Url::default();
        if text == "*" {
            url.path = text.to_owned();
            return Ok(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (rest, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        url.query = query.to_owned();
        if !rest.starts_with('/') {
            if !scheme.is_empty() {
                url.opaque = rest.to_owned();
                return Ok(url);
            }
            if rest
                .split('/')
                .next()
                .is_some_and(|segment| segment.contains(':'))
            {
                return Err(Fault::ColonInFirstSegment);
            }
        }
        let mut path = rest;
        if let Some(rest) = rest
            .strip_prefix("//")
            .filter(|rest| !scheme.is_empty() || !rest.starts_with('/'))
        {
            let (authority, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (url.user, url.host) = parse_authority(authority)?;
            path = after;
        } else {
            url.omit_host = !scheme.is_empty() && rest.starts_with('/');
        }
        url.path = encoded(path, Part::Path)?;
        Ok(url)
    }
}

/// `URL.String`.
impl core::fmt::Display for Url {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if !self.scheme.is_empty() {
            write!(f, "{}:", self.scheme)?;
        }
        if !self.opaque.is_empty() {
            f.write_str(&self.opaque)?;
        } else {
            let has_authority = !self.host.is_empty() || self.user.is_some();
            if has_authority
                || (!self.scheme.is_empty() && !self.omit_host && !self.path.is_empty())
            {
                f.write_str("//")?;
            }
            if let Some(user) = &self.user {
                f.write_str(&escape(&user.name, Part::UserInfo))?;
                if let Some(password) = &user.password {
                    write!(f, ":{}", escape(password, Part::UserInfo))?;
                }
                f.write_str("@")?;
            }
            f.write_str(&escape(&self.host, Part::Host))?;
            if !self.host.is_empty() && !self.path.is_empty() && !self.path.starts_with('/') {
                f.write_str("/")?;
            }
            let colon_first = self
                .path
                .split('/')
                .next()
                .is_some_and(|segment| segment.contains(':'));
            if self.scheme.is_empty() && !has_authority && colon_first {
                f.write_str("./")?;
            }
            f.write_str(&self.path)?;
        }
        f.write_str(&self.query)?;
        if !self.fragment.is_empty() {
            write!(f, "#{}", self.fragment)?;
        }
        Ok(())
    }
}

/// A part as it was written if it is well encoded, else decoded and encoded anew, as `EscapedPath` does.
fn encoded(text: &str, part: Part) -> Result<String, Fault> {
    let decoded = unescape(text, part)?;
    Ok(if is_encoded(text, part) {
        text.to_owned()
    } else {
        escape(&decoded, part)
    })
}

fn split_scheme(text: &str) -> Result<(&str, &str), Fault> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err(Fault::NoScheme),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn parse_authority(authority: &str) -> Result<(Option<User>, Vec<u8>), Fault> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((None, parse_host(authority)?));
    };
    let host = parse_host(host)?;
    if !user
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte))
    {
        return Err(Fault::UserInfo);
    }
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(unescape(password, Part::UserInfo)?)),
        None => (user, None),
    };
    Ok((
        Some(User {
            name: unescape(name, Part::UserInfo)?,
            password,
        }),
        host,
    ))
}

fn parse_host(host: &str) -> Result<Vec<u8>, Fault> {
    let port = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.rsplit_once(']').ok_or(Fault::Address)?;
            // A zone follows `%25`; what it may be is up to the sender's system.
            let address = address.split('%').next().unwrap_or_default();
            address
                .parse::<core::net::Ipv6Addr>()
                .map_err(|_| Fault::Address)?;
            port
        }
        None if host.contains('[') => return Err(Fault::Address),
        None => &host[host.rfind(':').unwrap_or(host.len())..],
    };
    if !port.is_empty()
        && !port
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(Fault::Port);
    }
    unescape(host, Part::Host)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn urls_are_written_as_go_writes_them() {
        for (text, written) in [
            ("", ""),
            ("*", "*"),
            ("#", ""),
            ("#frag", "#frag"),
            ("?", "?"),
            ("?a=b c\u{e9}", "?a=b c\u{e9}"),
            ("/my/source", "/my/source"),
            ("   ", "%20%20%20"),
            ("urn:uuid:6e8b", "urn:uuid:6e8b"),
            ("URN:a b\u{e9}?q", "urn:a b\u{e9}?q"),
            ("mailto:a@b", "mailto:a@b"),
            ("HTTP://Host/", "http://Host/"),
            ("http://h", "http://h"),
            ("http://h?x", "http://h?x"),
            ("http://h/a/../b/./c", "http://h/a/../b/./c"),
            ("//host/path", "//host/path"),
            ("///path", "///path"),
            ("http:///x", "http:///x"),
            ("file:/x", "file:/x"),
            ("http://[::1]:80/x", "http://[::1]:80/x"),
            ("http://h:/", "http://h:/"),
            ("http://h\u{e9}/", "http://h%C3%A9/"),
            ("http://a\"<>b/", "http://a\"<>b/"),
            ("http://user:p%40ss@h/", "http://user:p%40ss@h/"),
            ("http://h/%41%2f%e9", "http://h/%41%2f%e9"),
            ("%41 b", "A%20b"),
            ("a%3Ab c", "./a:b%20c"),
            ("/!#$&'()*+,;=@[]", "/!#$&'()*+,;=@[]"),
            ("/!'()[] ", "/%21%27%28%29%5B%5D%20"),
            ("/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D"),
            ("/\u{e9}", "/%C3%A9"),
            ("#\u{e9}\u{65e5}", "#%C3%A9%E6%97%A5"),
            ("#a%2fb c", "#a/b%20c"),
            ("#a#b", "#a%23b"),
            ("#a\nb", "#a%0Ab"),
            ("#a?b=c", "#a?b=c"),
        ] {
            assert_eq!(
                Url::parse(text).map(|url| url.to_string()).as_deref(),
                Ok(written),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_go_refuses_is_refused_for_its_reason() {
        for (text, fault) in [
            ("a\tb", Fault::Control),
            ("a\u{7f}b", Fault::Control),
            ("://x", Fault::NoScheme),
            ("1a:b", Fault::ColonInFirstSegment),
            (" http://h/", Fault::ColonInFirstSegment),
            ("127.0.0.1:8080/", Fault::ColonInFirstSegment),
            ("%zz", Fault::Escape),
            ("/%", Fault::Escape),
            ("#%4", Fault::Escape),
            ("http://h%41/", Fault::Escape),
            ("http://exa mple.com/", Fault::HostCharacter),
            ("http://a{b/", Fault::HostCharacter),
            ("http://a[b/", Fault::Address),
            ("http://[::1/", Fault::Address),
            ("http://[zz]/", Fault::Address),
            ("http://h:abc/", Fault::Port),
            ("http://[::1]x/", Fault::Port),
            ("http://a b@h/", Fault::UserInfo),
            ("http://a%zz@h/", Fault::Escape),
        ] {
            assert_eq!(Url::parse(text), Err(fault), "{text:?}");
        }
    }
}
