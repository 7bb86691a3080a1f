//! Spans that have ended, and the task that sends them to the collector. Whatever becomes of that, no beat waits for it.

use std::time::Duration;

use http::uri::Scheme;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    ExporterBuildError, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::tracer::Tracer;
use super::transport::Transport;
use crate::client::{Client, Proxies, Trust, TrustError, TrustSettings};
use crate::telemetry::{Metrics, TracingSettings};

/// Spans that wait. What comes when they are so many is dropped.
const QUEUE: usize = 2048;
/// Spans that are sent at once.
const BATCH: usize = 512;
/// How long a span waits for company.
const DELAY: Duration = Duration::from_secs(1);
/// How long the collector may take for a batch.
const EXPORT: Duration = Duration::from_secs(10);
/// How long the last spans hold up the end of the process.
const FLUSH: Duration = Duration::from_secs(1);

/// Sends spans until it is told to finish.
pub struct Exporter {
    queue: Queue,
    task: JoinHandle<()>,
}

/// Whose spans they are: the attributes of their resource.
pub struct Service {
    /// `service.name`, where `OTEL_SERVICE_NAME` does not say it.
    pub name: String,
    /// `k8s.pod.name`.
    pub pod: Option<String>,
    /// `k8s.namespace.name`.
    pub namespace: Option<String>,
}

/// Why there is no exporter.
#[derive(Debug, thiserror::Error)]
pub enum ExporterError {
    /// A variable of OpenTelemetry's own that does not fit.
    #[error("the exporter of traces: {0}; mend the variable OTEL_… that says so")]
    Build(#[from] ExporterBuildError),
    /// It is not clear which collector to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Where ended spans go.
#[derive(Clone)]
pub(super) struct Queue {
    messages: mpsc::Sender<Message>,
    metrics: Metrics,
}

enum Message {
    Ended(Box<SpanData>),
    Finish,
}

impl Exporter {
    /// Starts the task. Needs a runtime.
    pub fn start(
        settings: &TracingSettings,
        service: &Service,
        trust: &TrustSettings,
        proxies: Proxies,
        metrics: Metrics,
    ) -> Result<(Tracer, Self), ExporterError> {
        let endpoint = &settings.endpoint;
        let tls = endpoint.scheme() == Some(&Scheme::HTTPS) || proxies.need_tls();
        let trust = Trust::read_if(tls, trust)?;
        let transport = Transport::new(Client::new(trust, proxies)?);
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(transport)
            .with_endpoint(endpoint.to_string())
            // It would wait by putting the thread to sleep.
            .with_retry_policy(RetryPolicy::disabled())
            .build()?;
        exporter.set_resource(&resource(service));
        let (messages, ended) = mpsc::channel(QUEUE);
        let authority = endpoint.authority();
        let sender = Sender {
            exporter,
            collector: authority.map_or_else(String::new, ToString::to_string),
            metrics: metrics.clone(),
            failing: false,
        };
        let queue = Queue { messages, metrics };
        let tracer = Tracer::new(queue.clone(), settings.sampling_rate);
        let task = tokio::spawn(sender.run(ended));
        Ok((tracer, Self { queue, task }))
    }

    /// Sends what is there, for a second at most.
    pub async fn finish(self) {
        let Queue { messages, metrics } = self.queue;
        let flush = async {
            // Without a task nothing is left to be sent.
            let _ = messages.send(Message::Finish).await;
            let _ = self.task.await;
        };
        if timeout(FLUSH, flush).await.is_err() {
            tracing::warn!("the last spans were not exported in time");
        }
        let spans = metrics.spans_dropped(0);
        if spans > 0 {
            tracing::warn!(spans, "spans were dropped");
        }
    }
}

impl Queue {
    pub(super) fn put(&self, span: SpanData) {
        let message = Message::Ended(Box::new(span));
        if self.messages.try_send(message).is_err() && self.metrics.spans_dropped(1) == 0 {
            tracing::warn!("spans end faster than they are exported: some are dropped");
        }
    }
}

/// The task's end of the queue.
struct Sender {
    exporter: SpanExporter,
    /// `HOST:PORT`. The rest of its URL may hold a secret.
    collector: String,
    metrics: Metrics,
    /// The last batch was not taken.
    failing: bool,
}

impl Sender {
    async fn run(mut self, mut ended: mpsc::Receiver<Message>) {
        while let Some(Message::Ended(first)) = ended.recv().await {
            let mut batch = vec![*first];
            let finish = tokio::select! {
                finish = fill(&mut batch, &mut ended) => finish,
                () = sleep(DELAY) => false,
            };
            self.export(batch).await;
            if finish {
                return;
            }
        }
    }

    async fn export(&mut self, batch: Vec<SpanData>) {
        let spans = batch.len();
        let problem = match timeout(EXPORT, self.exporter.export(batch)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("no answer within {EXPORT:?}")),
        };
        match &problem {
            Some(problem) => {
                self.metrics.spans_dropped(spans as u64);
                // Once for each time that the collector is away.
                if !self.failing {
                    tracing::warn!(collector = %self.collector, "spans are dropped: {problem}");
                }
            }
            None if self.failing => tracing::info!("spans are exported again"),
            None => {}
        }
        self.failing = problem.is_some();
    }
}

/// Fills the batch. Whether it is the last one.
async fn fill(batch: &mut Vec<SpanData>, ended: &mut mpsc::Receiver<Message>) -> bool {
    while batch.len() < BATCH {
        match ended.recv().await {
            Some(Message::Ended(span)) => batch.push(*span),
            Some(Message::Finish) | None => return true,
        }
    }
    false
}

fn resource(service: &Service) -> Resource {
    let mut resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if std::env::var_os("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty()) {
        resource = resource.with_service_name(service.name.clone());
    }
    for (name, value) in [
        ("k8s.pod.name", &service.pod),
        ("k8s.namespace.name", &service.namespace),
    ] {
        if let Some(value) = value {
            resource = resource.with_attribute(KeyValue::new(name, value.clone()));
        }
    }
    resource.build()
}
