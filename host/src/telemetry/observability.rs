//! `K_OBSERVABILITY_CONFIG`, by which Knative tells a program where its traces and metrics go.

use std::ffi::OsString;

use http::Uri;
use serde::Deserialize;

const NAME: &str = "K_OBSERVABILITY_CONFIG";
/// The variables of OpenTelemetry that win over the endpoint in the settings, as they do in Knative.
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Where a collector takes traces over HTTP.
const TRACES: &str = "/v1/traces";
/// How much of a value is shown.
const SHOWN: usize = 200;

/// Where spans go, and of how many traces.
#[derive(Clone, Debug, PartialEq)]
pub struct TracingSettings {
    /// The URL that takes OTLP over HTTP.
    pub endpoint: Uri,
    /// From 0, none, to 1, all.
    pub sampling_rate: f64,
}

/// Why the settings cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ObservabilityError {
    /// A variable that is not Unicode.
    #[error("{0} is not UTF-8; set another value")]
    NotUnicode(&'static str),
    /// No JSON, or not of the form that Knative has.
    #[error(
        "{NAME}: {value:?} cannot be read: {reason}; write JSON like \
         {{\"tracing\":{{\"protocol\":\"http/protobuf\",\"endpoint\":\"http://HOST:4318\",\"samplingRate\":1}}}}"
    )]
    Json {
        /// The value.
        value: String,
        /// Why.
        reason: String,
    },
    /// A way to export spans that the host does not have.
    #[error(
        "{NAME}: tracing.protocol {0:?} is not supported; write \"http/protobuf\", with the endpoint at which the \
         collector takes OTLP over HTTP (usually its port 4318), or \"none\""
    )]
    TracingProtocol(String),
    /// A way to export metrics that the host does not have.
    #[error(
        "{NAME}: metrics.protocol {0:?} is not supported; write \"none\" or \"prometheus\", and let Prometheus read \
         what the host serves (run --metrics, serve --admin)"
    )]
    MetricsProtocol(String),
    /// No place for the spans.
    #[error(
        "{NAME}: tracing.endpoint is missing; write the collector's URL, such as http://HOST:4318"
    )]
    NoEndpoint,
    /// A place that is none.
    #[error("{name}: {value:?} is no URL of a collector; write one such as http://HOST:4318")]
    Endpoint {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A password in a URL, which would have to be hidden everywhere.
    #[error("{0}: the URL has user information; leave it out and set OTEL_EXPORTER_OTLP_HEADERS")]
    UserInfo(&'static str),
    /// A share that is none.
    #[error(
        "{NAME}: tracing.samplingRate {0} is no share; write a number from 0 (no trace) to 1 (all)"
    )]
    SamplingRate(f64),
}

/// As knative/pkg writes it; what is not named here, as `runtime`, is for others.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    tracing: Option<Tracing>,
    metrics: Option<Metrics>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tracing {
    protocol: Option<String>,
    endpoint: Option<String>,
    sampling_rate: Option<f64>,
}

#[derive(Default, Deserialize)]
struct Metrics {
    protocol: Option<String>,
}

impl TracingSettings {
    /// What the variable says; `None`: no tracing.
    pub fn new(
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Option<Self>, ObservabilityError> {
        let text = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty());
            let value = value.map(OsString::into_string).transpose();
            value.map_err(|_| ObservabilityError::NotUnicode(name))
        };
        let Some(value) = text(NAME)? else {
            return Ok(None);
        };
        let config: Option<Config> =
            serde_json::from_str(&value).map_err(|reason| ObservabilityError::Json {
                value: shown(&value),
                reason: reason.to_string(),
            })?;
        let Config { tracing, metrics } = config.unwrap_or_default();
        match metrics.unwrap_or_default().protocol.as_deref() {
            None | Some("" | "none" | "prometheus") => {}
            Some(other) => return Err(ObservabilityError::MetricsProtocol(shown(other))),
        }
        let tracing = tracing.unwrap_or_default();
        match tracing.protocol.as_deref() {
            None | Some("" | "none") => return Ok(None),
            Some("http/protobuf") => {}
            Some(other) => return Err(ObservabilityError::TracingProtocol(shown(other))),
        }
        let sampling_rate = tracing.sampling_rate.unwrap_or_default();
        if !(0.0..=1.0).contains(&sampling_rate) {
            return Err(ObservabilityError::SamplingRate(sampling_rate));
        }
        let endpoint = if let Some(whole) = text(TRACES_ENDPOINT)? {
            url(TRACES_ENDPOINT, &whole, "")?
        } else if let Some(base) = text(ENDPOINT)? {
            url(ENDPOINT, &base, TRACES)?
        } else {
            let endpoint = tracing.endpoint.unwrap_or_default();
            if endpoint.is_empty() {
                return Err(ObservabilityError::NoEndpoint);
            }
            let name = "K_OBSERVABILITY_CONFIG: tracing.endpoint";
            match url(name, &endpoint, "")? {
                bare if bare.path() == "/" => url(name, &endpoint, TRACES)?,
                whole => whole,
            }
        };
        Ok(Some(Self {
            endpoint,
            sampling_rate,
        }))
    }
}

/// The URL of a collector, with a path added at its end. Without a scheme it is `https`, as in Knative.
fn url(name: &'static str, value: &str, path: &str) -> Result<Uri, ObservabilityError> {
    let scheme = if value.contains("://") {
        ""
    } else {
        "https://"
    };
    let base = if path.is_empty() {
        value
    } else {
        value.trim_end_matches('/')
    };
    let url: Option<Uri> = format!("{scheme}{base}{path}").parse().ok();
    let url = url.filter(|url| matches!(url.scheme_str(), Some("http" | "https")));
    let host = |url: &Uri| url.host().is_some_and(|host| !host.is_empty());
    match url.filter(host) {
        Some(url) if url.authority().is_some_and(|a| a.as_str().contains('@')) => {
            Err(ObservabilityError::UserInfo(name))
        }
        Some(url) => Ok(url),
        None => Err(ObservabilityError::Endpoint {
            name,
            value: shown(value),
        }),
    }
}

/// A value as an error may show it: a password stands before an at sign, and a key in a query.
fn shown(value: &str) -> String {
    match value.contains(['@', '?']) {
        true => "…".to_owned(),
        false => value.chars().take(SHOWN).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<TracingSettings>, ObservabilityError> {
        TracingSettings::new(&|asked| {
            let found = variables.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| value.into())
        })
    }

    fn tracing(fields: &str) -> Result<Option<TracingSettings>, ObservabilityError> {
        read(&[(NAME, &format!("{{\"tracing\":{{{fields}}}}}"))])
    }

    #[test]
    fn without_a_protocol_there_is_no_tracing() {
        assert_eq!(read(&[]), Ok(None));
        for value in [
            "",
            "{}",
            "null",
            r#"{"tracing":null,"metrics":null}"#,
            r#"{"tracing":{},"metrics":{},"runtime":{"profiling":"enabled"}}"#,
            r#"{"tracing":{"protocol":"none","samplingRate":1}}"#,
            r#"{"metrics":{"protocol":"prometheus","endpoint":":9090","exportInterval":60000000000}}"#,
        ] {
            assert_eq!(read(&[(NAME, value)]), Ok(None), "{value}");
        }
    }

    #[test]
    fn the_endpoint_is_as_knative_and_opentelemetry_have_it() {
        for (endpoint, url) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            ("c:4318", "https://c:4318/v1/traces"),
            (
                "http://c:9090/api/v1/otlp/v1/traces",
                "http://c:9090/api/v1/otlp/v1/traces",
            ),
            ("https://[::1]", "https://[::1]/v1/traces"),
        ] {
            let field = format!(r#""protocol":"http/protobuf","endpoint":"{endpoint}""#);
            let settings = tracing(&field).unwrap().unwrap();
            assert_eq!(settings.endpoint, url, "{endpoint}");
            assert_eq!(settings.sampling_rate, 0.0, "Knative's default");
        }
        let on = (
            NAME,
            r#"{"tracing":{"protocol":"http/protobuf","samplingRate":0.5}}"#,
        );
        for (name, value, url) in [
            (ENDPOINT, "http://o:4318/", "http://o:4318/v1/traces"),
            (TRACES_ENDPOINT, "http://o:4318/own", "http://o:4318/own"),
        ] {
            let settings = read(&[on, (name, value)]).unwrap().unwrap();
            assert_eq!(settings.endpoint, url);
            assert_eq!(settings.sampling_rate, 0.5);
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_setting_the_value_and_the_remedy() {
        let http = |field: &str| format!(r#"{{"tracing":{{"protocol":"http/protobuf",{field}}}}}"#);
        for (value, shown) in [
            ("tracing".to_owned(), "\"tracing\""),
            ("[]".to_owned(), "[]"),
            (r#"{"tracing":{"samplingRate":"all"}}"#.to_owned(), "all"),
            (r#"{"tracing":{"protocol":"grpc"}}"#.to_owned(), "grpc"),
            (r#"{"tracing":{"protocol":"stdout"}}"#.to_owned(), "stdout"),
            (r#"{"metrics":{"protocol":"grpc"}}"#.to_owned(), "grpc"),
            (http(r#""samplingRate":1"#), "endpoint"),
            (http(r#""endpoint":"ftp://c""#), "ftp://c"),
            (http(r#""endpoint":"a b""#), "a b"),
            (http(r#""endpoint":"http://c","samplingRate":1.5"#), "1.5"),
            (http(r#""endpoint":"http://c","samplingRate":-1"#), "-1"),
            (
                http(r#""endpoint":"http://me:secret@c""#),
                "user information",
            ),
            (r#"{"tracing":"http://me:secret@c"#.to_owned(), "…"),
            (http(r#""endpoint":"ftp://c?key=secret""#), "…"),
        ] {
            let error = read(&[(NAME, &value)]).unwrap_err().to_string();
            assert!(error.contains(NAME) && error.contains(shown), "{error}");
            assert!(error.contains("write") || error.contains("set"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
