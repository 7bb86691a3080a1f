//! Who the source is: a token that the host shows to the sink, and that the guest never sees.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use http::HeaderValue;

use crate::Error;
use crate::stamp::Stamp;

/// Where Knative mounts the token of a source whose sink has an audience.
const MOUNT: &str = "/oidc/token";
/// Bytes of a token's file: more fits into no server's header.
const LONGEST: u64 = 16 << 10;

/// A token in a file that is replaced now and then.
pub struct Token {
    path: PathBuf,
    kept: Mutex<Kept>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("token {}: {reason}; put a token there", path.display())]
pub struct TokenError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Unreadable(#[from] io::Error),
    #[error("it is empty")]
    Empty,
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    #[error("it holds a character that no token has")]
    NoToken,
}

struct Kept {
    /// `None` where the file could not be looked at.
    stamp: Option<Stamp>,
    bearer: HeaderValue,
}

impl Token {
    /// The token in the file of `--oidc-token`, or where Knative mounts one, if it does.
    pub fn find(named: Option<&Path>) -> Result<Option<Self>, Error> {
        match named {
            Some(path) => Ok(Some(Self::open(path)?)),
            None if Path::new(MOUNT).exists() => Ok(Some(Self::open(Path::new(MOUNT))?)),
            None => Ok(None),
        }
    }

    /// The token in this file.
    pub fn open(path: &Path) -> Result<Self, TokenError> {
        let stamp = Stamp::of(path).ok();
        match read(path) {
            Ok(bearer) => Ok(Self {
                path: path.to_owned(),
                kept: Mutex::new(Kept { stamp, bearer }),
            }),
            Err(reason) => Err(TokenError {
                path: path.to_owned(),
                reason,
            }),
        }
    }

    /// The value of `Authorization`, by what the file holds now. Of a file that has become unusable the last token stays.
    pub(crate) fn bearer(&self) -> HeaderValue {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The stamp first: a change while the file is read is then seen the next time.
        let stamp = Stamp::of(&self.path).ok();
        if stamp != kept.stamp {
            kept.stamp = stamp;
            match read(&self.path) {
                Ok(bearer) => kept.bearer = bearer,
                Err(reason) => {
                    let path = self.path.display();
                    tracing::warn!("token {path}: {reason}; the last one stays in use");
                }
            }
        }
        kept.bearer.clone()
    }
}

fn read(path: &Path) -> Result<HeaderValue, Reason> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST {
        return Err(Reason::TooLong);
    }
    let token = text.trim_ascii();
    if token.is_empty() {
        return Err(Reason::Empty);
    }
    if !token.iter().all(u8::is_ascii_graphic) {
        return Err(Reason::NoToken);
    }
    let bearer = [b"Bearer ", token].concat();
    let mut bearer = HeaderValue::from_bytes(&bearer).map_err(|_| Reason::NoToken)?;
    // Whoever prints the headers of a request prints "Sensitive" here.
    bearer.set_sensitive(true);
    Ok(bearer)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn space_round_a_token_is_no_part_of_it() {
        for text in ["ey.J0.x-_", "ey.J0.x-_\n", " ey.J0.x-_\r\n\n"] {
            let (_dir, path) = file(text.as_bytes());
            let bearer = Token::open(&path).unwrap().bearer();
            assert_eq!(bearer, "Bearer ey.J0.x-_");
            assert_eq!(format!("{bearer:?}"), "Sensitive");
        }
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_shown() {
        let long = vec![b'x'; 20 << 10];
        for (text, reason) in [
            (&b"secret two"[..], "no token has"),
            (b"secret\nevil: header", "no token has"),
            ("secr\u{e9}t".as_bytes(), "no token has"),
            (b" \n", "it is empty"),
            (&long, "longer than"),
        ] {
            let (_dir, path) = file(text);
            let error = Token::open(&path).err().unwrap().to_string();
            assert!(error.contains(reason) && error.contains("; put"), "{error}");
            assert!(!error.contains("secr"), "{error}");
        }
        let missing = Token::find(Some(Path::new("/no/such/token")))
            .err()
            .unwrap();
        let missing = missing.to_string();
        assert!(
            missing.contains("/no/such/token") && missing.contains("--oidc-token"),
            "{missing}"
        );
    }

    #[test]
    fn a_token_that_is_replaced_is_used_at_once_and_a_broken_one_never() {
        let (dir, path) = file(b"one");
        let token = Token::open(&path).unwrap();
        assert_eq!(token.bearer(), "Bearer one");
        let next = dir.path().join("next");
        fs::write(&next, "two").unwrap();
        fs::rename(&next, &path).unwrap();
        assert_eq!(token.bearer(), "Bearer two");
        fs::write(&path, "").unwrap();
        assert_eq!(token.bearer(), "Bearer two");
        fs::remove_file(&path).unwrap();
        assert_eq!(token.bearer(), "Bearer two");
        fs::write(&path, "three").unwrap();
        assert_eq!(token.bearer(), "Bearer three");
    }
}
