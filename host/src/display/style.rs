//! How events are shown.

use std::env;
use std::io::{self, IsTerminal};

/// For whom events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Text {
        /// With ANSI colours.
        colour: bool,
    },
    /// For programs: one structured-mode event a line.
    Json,
}

impl Style {
    /// What fits this process's standard output; colours by <https://no-color.org>.
    pub fn of_stdout(json: bool) -> Self {
        if json {
            return Self::Json;
        }
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self::Text {
            colour: wanted && io::stdout().is_terminal(),
        }
    }
}
