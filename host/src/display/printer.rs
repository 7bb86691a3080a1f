//! Writes events one after the other, until the reader is gone.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::Notify;

use super::{Event, Style, text};

/// One output for all connections.
pub(super) struct Printer<W> {
    style: Style,
    output: Mutex<W>,
    closed: Notify,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(style: Style, output: W) -> Self {
        Self {
            style,
            output: Mutex::new(output),
            closed: Notify::new(),
        }
    }

    /// Shows the events of one request together.
    pub(super) fn print(&self, events: Vec<Event>) {
        let mut text = String::new();
        for event in events {
            match self.style {
                Style::Text { colour } => {
                    text.push_str(&text::render(&event, SystemTime::now(), colour))
                }
                Style::Json => {
                    text.push_str(&event.into_json().to_string());
                    text.push('\n');
                }
            }
        }
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if output
            .write_all(text.as_bytes())
            .and_then(|()| output.flush())
            .is_err()
        {
            self.closed.notify_one();
        }
    }

    /// Waits until the output takes no more, as a closed pipe.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }
}
