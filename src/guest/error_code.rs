//! What `wasi:http` says when there is no answer, in words for a log.

use alloc::borrow::ToOwned;
use alloc::format;
use wasi::http::types::ErrorCode;

use crate::config::Sink;
use crate::delivery::Fault;

/// Why a request to this sink got no answer.
pub(super) fn fault(code: &ErrorCode, sink: &Sink) -> Fault {
    let reason = match code {
        ErrorCode::HttpRequestDenied => {
            return Fault::Denied(format!(
                "the platform does not allow requests to {}: allow it (Spin: allowed_outbound_hosts in spin.toml; \
                 heartbeats-host: --allow)",
                sink.authority
            ));
        }
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionTerminated => "the connection was closed before an answer",
        ErrorCode::ConnectionTimeout => "no connection in time",
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => "the sink's name could not be resolved",
        ErrorCode::DestinationNotFound => "the sink's name is not known",
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => "no answer in time",
        ErrorCode::HttpProtocolError => "the answer is no HTTP, or the connection broke",
        ErrorCode::TlsCertificateError => "the sink's certificate is not trusted",
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => {
            "TLS could not be agreed on"
        }
        ErrorCode::InternalError(Some(why)) => why,
        _ => "the platform could not send the request",
    };
    Fault::NoAnswer(reason.to_owned())
}
