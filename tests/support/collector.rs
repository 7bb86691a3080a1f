use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

use super::{DEADLINE, Sink};

/// A server that takes OTLP over HTTP.
pub(crate) struct Collector(Sink);

/// A span as the collector got it.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    /// In hexadecimal digits, as in `traceparent`.
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) failed: bool,
    pub(crate) time: Duration,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) resource: HashMap<String, String>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        Self(Sink::answering(200))
    }

    /// Takes connections and never answers.
    pub(crate) fn deaf() -> Self {
        Self(Sink::deaf())
    }

    /// The settings that lead there, with all traces sampled.
    pub(crate) fn settings(&self) -> String {
        self.sampling(1.0)
    }

    pub(crate) fn sampling(&self, rate: f64) -> String {
        let endpoint = format!("http://{}", self.0.authority());
        format!(
            r#"{{"tracing":{{"protocol":"http/protobuf","endpoint":"{endpoint}","samplingRate":{rate}}}}}"#
        )
    }

    /// All spans that it has got.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for request in self.0.requests() {
            assert_eq!(request.target, "/v1/traces");
            let content_type = request.header("content-type");
            assert_eq!(content_type.as_deref(), Some("application/x-protobuf"));
            assert_eq!(
                request.header("traceparent"),
                None,
                "it is not traced itself"
            );
            let exported = ExportTraceServiceRequest::decode(&*request.body).unwrap();
            for of_resource in exported.resource_spans {
                let resource = values(&of_resource.resource.unwrap().attributes);
                for span in of_resource
                    .scope_spans
                    .iter()
                    .flat_map(|scope| &scope.spans)
                {
                    spans.push(Span {
                        trace: hex(&span.trace_id),
                        id: hex(&span.span_id),
                        name: span.name.clone(),
                        kind: span.kind(),
                        failed: span
                            .status
                            .as_ref()
                            .is_some_and(|status| status.code() == StatusCode::Error),
                        time: Duration::from_nanos(
                            span.end_time_unix_nano - span.start_time_unix_nano,
                        ),
                        attributes: values(&span.attributes),
                        resource: resource.clone(),
                    });
                }
            }
        }
        spans
    }

    /// What it has got when that is so much.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Span> {
        let start = Instant::now();
        while self.spans().len() < count {
            assert!(start.elapsed() < DEADLINE, "{:#?}", self.spans());
            thread::sleep(Duration::from_millis(5));
        }
        self.spans()
    }
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// The header that tells the sink of it.
    pub(crate) fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn values(attributes: &[KeyValue]) -> HashMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.clone())
    {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    };
    let pair = |attribute: &KeyValue| (attribute.key.clone(), text(&attribute.value));
    attributes.iter().map(pair).collect()
}
