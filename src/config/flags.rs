//! The command line, read but not yet checked.

use super::{Cause, Problem, Problems};
use crate::go::flag::{Item, read};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

/// What is known of one flag.
pub(super) struct Spec {
    pub(super) name: &'static str,
    /// What its value is, for people.
    pub(super) kind: &'static str,
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

const fn spec(
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    help: &'static str,
) -> Spec {
    Spec {
        name,
        kind,
        default,
        help,
    }
}

/// Every flag, sorted by name as Go's usage text is.
pub(super) const FLAGS: [Spec; 11] = [
    spec(
        "count",
        "number",
        "0",
        "the number of heartbeats before it stops; 0 for no end",
    ),
    spec(
        "eventSource",
        "uri",
        "",
        "the event-source (CloudEvents); left out, it is made of POD_NAMESPACE and POD_NAME",
    ),
    spec(
        "eventType",
        "string",
        "dev.knative.eventing.samples.heartbeat",
        "the event-type (CloudEvents)",
    ),
    spec(
        "label",
        "string",
        "",
        "a special label; one that starts with a double quote is read as a Go string literal",
    ),
    spec(
        "log-format",
        "form",
        "text",
        "the form of the log: text or json",
    ),
    spec(
        "mode",
        "form",
        "binary",
        "the form of the events (CloudEvents): binary or structured",
    ),
    spec("msg", "string", "", "a message for the events' data"),
    spec(
        "period",
        "duration",
        "5",
        "the time between heartbeats: whole seconds, or a duration like 500ms or 1m30s",
    ),
    spec(
        "retries",
        "number",
        "10",
        "how often a heartbeat is tried again that the sink could not take",
    ),
    spec(
        "sink",
        "url",
        "",
        "the host url to heartbeat to; K_SINK wins",
    ),
    spec(
        "timeout",
        "duration",
        "10s",
        "how long one attempt may take: whole seconds, or a duration",
    ),
];

/// The values of the flags, as written.
pub(super) struct Flags<'a> {
    pub(super) count: &'a str,
    pub(super) event_source: &'a str,
    pub(super) event_type: &'a str,
    pub(super) label: &'a str,
    pub(super) log_format: &'a str,
    pub(super) mode: &'a str,
    pub(super) msg: &'a str,
    pub(super) period: &'a str,
    pub(super) retries: &'a str,
    pub(super) sink: &'a str,
    pub(super) timeout: &'a str,
}

impl<'a> Flags<'a> {
    /// Reads the arguments; `None` where they ask for help before anything is wrong with them.
    pub(super) fn read(args: &'a [String], problems: &mut Problems) -> Option<Flags<'a>> {
        let names = FLAGS.map(|flag| flag.name);
        let mut values = FLAGS.map(|flag| flag.default);
        // SpinKube starts a container's command, and that is "/".
        let args = args.strip_prefix(&["/".to_owned()]).unwrap_or(args);
        for item in read(args, &names) {
            match item {
                Item::Flag(name, value) => {
                    if let Some(at) = names.iter().position(|known| *known == name) {
                        values[at] = value;
                    }
                }
                Item::Help if problems.is_empty() => return None,
                Item::Help => {}
                Item::NoValue(name) => {
                    problems.push(Problem::unset(format!("--{name}"), Cause::NoValue))
                }
                Item::Unknown(name) => {
                    let near = names
                        .into_iter()
                        .find(|known| known.eq_ignore_ascii_case(name));
                    problems.push(Problem::unset(
                        format!("--{name}"),
                        Cause::UnknownFlag(near),
                    ));
                }
                Item::Malformed(word) => {
                    problems.push(Problem::new("command line", word, Cause::MalformedFlag))
                }
                Item::Word(word) => problems.push(Problem::new("command line", word, Cause::Word)),
            }
        }
        let [
            count,
            event_source,
            event_type,
            label,
            log_format,
            mode,
            msg,
            period,
            retries,
            sink,
            timeout,
        ] = values;
        Some(Flags {
            count,
            event_source,
            event_type,
            label,
            log_format,
            mode,
            msg,
            period,
            retries,
            sink,
            timeout,
        })
    }
}
