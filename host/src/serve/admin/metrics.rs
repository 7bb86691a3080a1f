//! The figures of the sources for Prometheus. Labels are tenants, of which there are few, and sources only if they are asked for.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::serve::scheduler::{State, TenantView, View};
use crate::serve::service::Status;
use crate::telemetry::{Metrics, PREFIX};

/// A figure of each of many things: its name, type and meaning, and how much it is.
type Figure<T> = (&'static str, MetricType, &'static str, fn(&T) -> u64);

const OF_PROCESS: [Figure<Status>; 3] = [
    (
        "manifest_problems",
        MetricType::Gauge,
        "What is wrong with the manifests",
        |status| status.problems as u64,
    ),
    (
        "sockets",
        MetricType::Gauge,
        "Connections to sinks, idle ones too",
        |status| status.sockets.0 as u64,
    ),
    (
        "sockets_limit",
        MetricType::Gauge,
        "The most connections to sinks",
        |status| status.sockets.1 as u64,
    ),
];

const BY_TENANT: [Figure<TenantView>; 8] = [
    ("sources", MetricType::Gauge, "Sources", |tenant| {
        tenant.sources.into()
    }),
    (
        "beats_in_flight",
        MetricType::Gauge,
        "Beats in flight",
        |tenant| tenant.in_flight.into(),
    ),
    (
        "beats_waiting",
        MetricType::Gauge,
        "Ticks that wait for their tenant's turn",
        |tenant| tenant.waiting as u64,
    ),
    (
        "events_delivered",
        MetricType::Counter,
        "Events that sinks took",
        |tenant| tenant.delivered,
    ),
    (
        "events_given_up",
        MetricType::Counter,
        "Events that sinks did not take",
        |tenant| tenant.given_up,
    ),
    (
        "events_dead_lettered",
        MetricType::Counter,
        "Events that dead letter sinks took",
        |tenant| tenant.dead_lettered,
    ),
    (
        "ticks_missed",
        MetricType::Counter,
        "Ticks that fell due while another one of their source was on its way",
        |tenant| tenant.missed,
    ),
    (
        "attempts_retried",
        MetricType::Counter,
        "Attempts after a failed one",
        |tenant| tenant.retried,
    ),
];

const BY_SOURCE: [Figure<View>; 4] = [
    (
        "source_suspended",
        MetricType::Gauge,
        "Whether the source is suspended",
        |view| u64::from(view.state == State::Suspended),
    ),
    (
        "source_events_delivered",
        MetricType::Counter,
        "Events that the source's sink took",
        |view| view.delivered,
    ),
    (
        "source_events_given_up",
        MetricType::Counter,
        "Events that the source's sink did not take",
        |view| view.given_up,
    ),
    (
        "source_ticks_missed",
        MetricType::Counter,
        "Ticks that fell due while another one of the source was on its way",
        |view| view.missed,
    ),
];

/// One source's figures. There may be a great many.
#[derive(Debug)]
pub(super) struct OfSource {
    namespace: String,
    name: String,
    figures: [u64; BY_SOURCE.len()],
}

impl From<View> for OfSource {
    fn from(view: View) -> Self {
        Self {
            figures: BY_SOURCE.map(|(.., figure)| figure(&view)),
            namespace: view.namespace,
            name: view.name,
        }
    }
}

/// The text of all figures; `sources`: those that are asked for.
pub(super) fn text(metrics: &Metrics, status: Status, sources: Option<Vec<OfSource>>) -> String {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Figures { status, sources }));
    metrics.text_with(&registry)
}

/// As they were at one moment.
#[derive(Debug)]
struct Figures {
    status: Status,
    sources: Option<Vec<OfSource>>,
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, kind, help, figure) in OF_PROCESS {
            let metric = encoder.encode_descriptor(name, help, None, kind)?;
            value(metric, kind, figure(&self.status))?;
        }
        for (name, kind, help, figure) in BY_TENANT {
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for tenant in &self.status.tenants {
                let labels = [("tenant", tenant.name.as_str())];
                sample(&mut family, &labels, kind, figure(tenant))?;
            }
        }
        for (place, (name, kind, help, _)) in BY_SOURCE.into_iter().enumerate() {
            let Some(sources) = &self.sources else {
                continue;
            };
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for source in sources {
                let labels = [
                    ("tenant", source.namespace.as_str()),
                    ("source", source.name.as_str()),
                ];
                sample(&mut family, &labels, kind, source.figures[place])?;
            }
        }
        Ok(())
    }
}

fn sample(
    family: &mut MetricEncoder<'_>,
    labels: &impl EncodeLabelSet,
    kind: MetricType,
    figure: u64,
) -> fmt::Result {
    value(family.encode_family(labels)?, kind, figure)
}

fn value(metric: MetricEncoder<'_>, kind: MetricType, figure: u64) -> fmt::Result {
    match kind {
        MetricType::Counter => ConstCounter::new(figure).encode(metric),
        _ => ConstGauge::new(figure).encode(metric),
    }
}
