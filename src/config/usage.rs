//! The text of `--help`.

use super::flags::FLAGS;
use alloc::format;
use alloc::string::String;

const VARIABLES: &str = "
Variables:
  K_SINK          the URL to send to; wins over --sink
  K_CE_OVERRIDES  JSON with extensions to add to each event: {\"extensions\":{\"name\":\"value\"}}
  POD_NAME        the last part of the default event-source
  POD_NAMESPACE   the part before it
  ONE_SHOT        true to send one heartbeat and stop
";

/// Every flag with its default, in the form of Go's `flag` package, and the variables.
pub fn usage() -> String {
    let mut text = String::from("Usage of heartbeats:\n");
    for flag in &FLAGS {
        let default = match flag.default {
            "" => String::new(),
            default => format!(" (default \"{default}\")"),
        };
        text += &format!(
            "  --{} {}\n    \t{}{default}\n",
            flag.name, flag.kind, flag.help
        );
    }
    text + VARIABLES
}
