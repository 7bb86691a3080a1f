//! Metrics of each source, for who asks for them: there may be a great many.

use std::fmt::Write;

use crate::serve::scheduler::{State, View};

type Metric = (&'static str, &'static str, &'static str, fn(&View) -> u64);

const BY_SOURCE: [Metric; 4] = [
    (
        "heartbeats_source_suspended",
        "gauge",
        "Whether the source is suspended.",
        |view| u64::from(view.state == State::Suspended),
    ),
    (
        "heartbeats_source_events_delivered_total",
        "counter",
        "Events that the source's sink took.",
        |view| view.delivered,
    ),
    (
        "heartbeats_source_events_given_up_total",
        "counter",
        "Events that the source's sink did not take.",
        |view| view.given_up,
    ),
    (
        "heartbeats_source_ticks_missed_total",
        "counter",
        "Ticks that fell due while another one of the source was on its way.",
        |view| view.missed,
    ),
];

/// The sources come page by page, and the lines of one metric must stand together.
#[derive(Default)]
pub(in crate::serve::admin) struct BySource([String; BY_SOURCE.len()]);

impl BySource {
    pub(in crate::serve::admin) fn add(&mut self, views: &[View]) {
        for (text, (name, .., value)) in self.0.iter_mut().zip(BY_SOURCE) {
            for view in views {
                // Both are DNS names: nothing in them needs escaping. Writing to a string does not fail.
                let _ = writeln!(
                    text,
                    "{name}{{tenant=\"{}\",source=\"{}\"}} {}",
                    view.namespace,
                    view.name,
                    value(view)
                );
            }
        }
    }

    pub(in crate::serve::admin) fn text(self) -> String {
        let with_head = |(text, (name, kind, help, _)): (String, Metric)| {
            format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{text}")
        };
        self.0.into_iter().zip(BY_SOURCE).map(with_head).collect()
    }
}
