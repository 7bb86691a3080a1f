//! Metrics in the text format of Prometheus. Labels are tenants, of which there are few, and sources only if they are asked for.

mod by_source;

use std::fmt::Write;

use crate::serve::scheduler::TenantView;
use crate::serve::service::Status;

pub(super) use by_source::BySource;

type Metric = (
    &'static str,
    &'static str,
    &'static str,
    fn(&TenantView) -> u64,
);

const BY_TENANT: [Metric; 8] = [
    ("heartbeats_sources", "gauge", "Sources.", |tenant| {
        tenant.sources.into()
    }),
    (
        "heartbeats_beats_in_flight",
        "gauge",
        "Beats in flight.",
        |tenant| tenant.in_flight.into(),
    ),
    (
        "heartbeats_beats_waiting",
        "gauge",
        "Ticks that wait for their tenant's turn.",
        |tenant| tenant.waiting as u64,
    ),
    (
        "heartbeats_events_delivered_total",
        "counter",
        "Events that sinks took.",
        |tenant| tenant.delivered,
    ),
    (
        "heartbeats_events_given_up_total",
        "counter",
        "Events that sinks did not take.",
        |tenant| tenant.given_up,
    ),
    (
        "heartbeats_events_dead_lettered_total",
        "counter",
        "Events that dead letter sinks took.",
        |tenant| tenant.dead_lettered,
    ),
    (
        "heartbeats_ticks_missed_total",
        "counter",
        "Ticks that fell due while another one of their source was on its way.",
        |tenant| tenant.missed,
    ),
    (
        "heartbeats_attempts_retried_total",
        "counter",
        "Attempts after a failed one.",
        |tenant| tenant.retried,
    ),
];

pub(super) fn text(status: &Status) -> String {
    let mut text = String::new();
    let problems = status.problems;
    let (sockets, limit) = status.sockets;
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "# HELP heartbeats_manifest_problems What is wrong with the manifests.\n\
         # TYPE heartbeats_manifest_problems gauge\nheartbeats_manifest_problems {problems}\n\
         # HELP heartbeats_sockets Connections to sinks, idle ones too.\n\
         # TYPE heartbeats_sockets gauge\nheartbeats_sockets {sockets}\n\
         # HELP heartbeats_sockets_limit The most connections to sinks.\n\
         # TYPE heartbeats_sockets_limit gauge\nheartbeats_sockets_limit {limit}"
    );
    for (name, kind, help, value) in BY_TENANT {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for tenant in &status.tenants {
            // A namespace is a DNS label: nothing in it needs escaping.
            let _ = writeln!(
                text,
                "{name}{{tenant=\"{}\"}} {}",
                tenant.name,
                value(tenant)
            );
        }
    }
    text
}
