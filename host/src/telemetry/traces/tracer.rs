//! Spans of requests. The trace is told by the event, so all attempts for it are in one trace, wherever they are made.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use heartbeats::event::percent;
use http::{HeaderName, HeaderValue, Request};
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample, SpanData, SpanEvents,
    SpanLinks,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wasmtime_wasi_http::Error;

use super::exporter::Queue;
use crate::event::Event;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Begins spans. Clones share their queue.
#[derive(Clone)]
pub struct Tracer(Arc<Shared>);

struct Shared {
    queue: Queue,
    sampler: Sampler,
    scope: InstrumentationScope,
    /// Known to this process alone: no guest can write an event that gets into another's trace.
    seed: [Uuid; 2],
}

/// A request under way. Dropped before its answer, it ends as one that nobody waits for any more.
pub(crate) struct Span {
    tracer: Tracer,
    data: Option<SpanData>,
    since: Instant,
}

impl Tracer {
    pub(super) fn new(queue: Queue, sampling_rate: f64) -> Self {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        Self(Arc::new(Shared {
            queue,
            sampler: Sampler::TraceIdRatioBased(sampling_rate),
            scope,
            seed: [Uuid::new_v4(), Uuid::new_v4()],
        }))
    }

    /// Writes the `traceparent` of a new span into the request, instead of what the guest wrote there. The span itself is
    /// only there if its trace is sampled.
    pub(crate) fn begin<B>(&self, event: &Event, request: &mut Request<B>) -> Option<Span> {
        let trace = self.trace(event);
        let id = RandomIdGenerator::default().new_span_id();
        let sampled = self.samples(trace);
        let headers = request.headers_mut();
        headers.remove(TRACESTATE);
        let parent = format!("00-{trace}-{id}-{:02x}", u8::from(sampled));
        // Hexadecimal digits and hyphens: every such text is a header's value.
        if let Ok(parent) = HeaderValue::from_maybe_shared(bytes::Bytes::from(parent)) {
            headers.insert(TRACEPARENT, parent);
        }
        sampled.then(|| Span {
            tracer: self.clone(),
            data: Some(self.data(trace, id, event, request)),
            since: Instant::now(),
        })
    }

    fn trace(&self, event: &Event) -> TraceId {
        let Some(id) = &event.id else {
            return RandomIdGenerator::default().new_trace_id();
        };
        let mut hash = Sha256::new();
        for part in self.0.seed {
            hash.update(part);
        }
        if let Some(source) = &event.source {
            hash.update(source);
        }
        // Which no header can hold.
        hash.update([0]);
        hash.update(id);
        let mut trace = [0; 16];
        trace.copy_from_slice(&hash.finalize()[..16]);
        TraceId::from_bytes(trace)
    }

    fn samples(&self, trace: TraceId) -> bool {
        let sampler = &self.0.sampler;
        let sampling = sampler.should_sample(None, trace, "", &SpanKind::Client, &[], &[]);
        sampling.decision == SamplingDecision::RecordAndSample
    }

    fn data<B>(&self, trace: TraceId, id: SpanId, event: &Event, request: &Request<B>) -> SpanData {
        let now = SystemTime::now();
        let flags = TraceFlags::SAMPLED;
        SpanData {
            span_context: SpanContext::new(trace, id, flags, false, TraceState::default()),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Client,
            name: request.method().to_string().into(),
            start_time: now,
            end_time: now,
            attributes: attributes(event, request),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.0.scope.clone(),
        }
    }
}

impl Span {
    /// The answer's HTTP status.
    pub(crate) fn answered(mut self, status: u16) {
        self.end(|data| {
            let code = KeyValue::new("http.response.status_code", i64::from(status));
            data.attributes.push(code);
            if status >= 400 {
                fail(data, status.to_string());
            }
        });
    }

    /// There was no answer.
    pub(crate) fn failed(mut self, error: &Error) {
        // The name alone: what stands behind it differs from time to time.
        let name = format!("{error:?}");
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next();
        let name = name.unwrap_or_default().to_owned();
        self.end(|data| fail(data, name));
    }

    fn end(&mut self, outcome: impl FnOnce(&mut SpanData)) {
        if let Some(mut data) = self.data.take() {
            data.end_time = data.start_time + self.since.elapsed();
            outcome(&mut data);
            self.tracer.0.queue.put(data);
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.end(|data| fail(data, "cancelled".to_owned()));
    }
}

fn fail(data: &mut SpanData, error: String) {
    data.attributes.push(KeyValue::new("error.type", error));
    data.status = Status::error("");
}

/// By OpenTelemetry's conventions for HTTP clients and for CloudEvents.
fn attributes<B>(event: &Event, request: &Request<B>) -> Vec<KeyValue> {
    let uri = request.uri();
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let port = uri
        .port_u16()
        .unwrap_or(if scheme == "https" { 443 } else { 80 });
    let authority = match uri.port_u16() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", request.method().to_string()),
        // A query may hold a secret.
        KeyValue::new("url.full", format!("{scheme}://{authority}{}", uri.path())),
        KeyValue::new("server.address", host.to_owned()),
        KeyValue::new("server.port", i64::from(port)),
    ];
    for (name, value) in [
        ("cloudevents.event_id", &event.id),
        ("cloudevents.event_source", &event.source),
        ("cloudevents.event_type", &event.r#type),
    ] {
        if let Some(value) = value {
            let value = percent::decode(&String::from_utf8_lossy(value.as_bytes()));
            attributes.push(KeyValue::new(name, value));
        }
    }
    attributes
}
