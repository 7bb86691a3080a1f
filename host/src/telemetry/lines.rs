//! A source's lines as lines of the host's log.

use std::io::{self, Write};

use serde::Deserialize;

/// Takes whole lines, and logs each with the name of its source.
pub(crate) struct LoggedLines(Origin);

enum Origin {
    /// One source's stream.
    Stream {
        source: String,
        stream: &'static str,
    },
    /// Each line begins with its source's name.
    Prefix,
}

/// What a line says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Info,
    Warn,
    Error,
}

impl LoggedLines {
    /// Of one source's `stdout` or `stderr`.
    pub(crate) fn of(source: &str, stream: &'static str) -> Self {
        let source = source.to_owned();
        Self(Origin::Stream { source, stream })
    }

    /// Of many sources: `NAMESPACE/NAME: ` stands before each line.
    pub(crate) fn prefixed() -> Self {
        Self(Origin::Prefix)
    }
}

impl Write for LoggedLines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(lines).lines() {
            let (source, stream, line) = match &self.0 {
                Origin::Stream { source, stream } => (source.as_str(), Some(*stream), line),
                Origin::Prefix => {
                    let (source, line) = line.split_once(": ").unwrap_or(("-", line));
                    (source, None, line)
                }
            };
            match Level::of(line) {
                Level::Info => tracing::info!(source, stream, "{line}"),
                Level::Warn => tracing::warn!(source, stream, "{line}"),
                Level::Error => tracing::error!(source, stream, "{line}"),
            }
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Level {
    /// In the two forms that heartbeats writes: `TIME LEVEL MESSAGE`, and an object with a `level`. Of all else nothing is known.
    fn of(line: &str) -> Self {
        #[derive(Deserialize)]
        struct Object<'a> {
            level: &'a str,
        }
        let word = if line.starts_with('{') {
            let object = serde_json::from_str(line);
            object.map_or("", |object: Object| object.level)
        } else {
            let mut words = line.split_ascii_whitespace();
            let time = words.next().is_some_and(is_time);
            words.next().filter(|_| time).unwrap_or_default()
        };
        match word {
            "WARN" | "warn" => Self::Warn,
            "ERROR" | "error" => Self::Error,
            _ => Self::Info,
        }
    }
}

/// Such as `2026-11-22T21:40:02.071Z`.
fn is_time(word: &str) -> bool {
    let digits = |byte: u8| byte.is_ascii_digit() || b"-:.TZ".contains(&byte);
    word.len() >= 20 && word.as_bytes()[10] == b'T' && word.bytes().all(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_level_that_it_clearly_says() {
        for (line, level) in [
            ("2026-11-22T21:40:02.071Z ERROR --period: no", Level::Error),
            ("2026-11-22T21:40:02Z WARN x", Level::Warn),
            ("2026-11-22T21:40:02.071Z INFO  heartbeat sent", Level::Info),
            (
                r#"{"timestamp":"t","level":"error","message":"m"}"#,
                Level::Error,
            ),
            (r#"{"level":"info"}"#, Level::Info),
            ("ERROR: no", Level::Info),
            ("an ERROR", Level::Info),
            (r#"{"level":1}"#, Level::Info),
            ("{ error", Level::Info),
            ("", Level::Info),
            ("ééééééééééé ERROR", Level::Info),
        ] {
            assert_eq!(Level::of(line), level, "{line}");
        }
    }
}
