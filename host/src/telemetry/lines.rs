//! A source's lines as lines of the host's log.

use std::io::{self, Write};

/// Takes whole lines, and logs each with the name of its source.
pub(crate) struct LoggedLines {
    source: String,
}

impl LoggedLines {
    pub(crate) fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
        }
    }
}

impl Write for LoggedLines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let source = &self.source;
        for line in String::from_utf8_lossy(lines).lines() {
            tracing::info!(source, "{line}");
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
