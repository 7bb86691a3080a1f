//! What went wrong: for the guest in the words of `wasi:http`, as precise as the error's causes allow, and where those
//! have none, in ours for the host's log.

mod tls;

use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::iter;

use hyper_util::client::legacy;
use wasmtime_wasi_http::Error;

use super::connector::ProxyFailed;
use super::resolver::Unresolved;

/// Why there was no answer.
pub(super) fn of_request(error: &legacy::Error) -> Error {
    let connecting = error.is_connect();
    causes(error)
        .find_map(|cause| code(cause, connecting))
        .unwrap_or(match connecting {
            true => Error::DestinationUnavailable,
            false => Error::HttpProtocolError,
        })
}

/// Why an answer broke off.
pub(super) fn of_answer(error: &hyper::Error) -> Error {
    causes(error)
        .find_map(|cause| code(cause, false))
        .unwrap_or(Error::HttpProtocolError)
}

/// The reason in words, where the guest learns less than there is to say.
pub(super) fn explained(error: &legacy::Error) -> Option<String> {
    causes(error).find_map(|cause| {
        if let Some(unresolved) = cause.downcast_ref::<Unresolved>() {
            return Some(unresolved.to_string());
        }
        if let Some(failed) = cause.downcast_ref::<ProxyFailed>() {
            let proxy = &failed.proxy;
            return Some(match causes(&*failed.source).find_map(of_certificates) {
                Some(reason) => format!("the proxy {proxy} did not help: {reason}"),
                None => failed.to_string(),
            });
        }
        of_certificates(cause)
    })
}

fn of_certificates(cause: &(dyn StdError + 'static)) -> Option<String> {
    cause.downcast_ref::<rustls::Error>().map(tls::explained)
}

fn code(cause: &(dyn StdError + 'static), connecting: bool) -> Option<Error> {
    match cause.downcast_ref::<Unresolved>() {
        Some(unknown @ Unresolved::Unknown { .. }) => {
            return Some(Error::DnsError {
                rcode: Some(unknown.to_string()),
                info_code: None,
            });
        }
        Some(Unresolved::Refused { .. }) => return Some(Error::DestinationIpProhibited),
        None => {}
    }
    // The request's own body came to an end that it should not.
    if let Some(Error::HttpRequestBodySize(size)) = cause.downcast_ref::<Error>() {
        return Some(Error::HttpRequestBodySize(*size));
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return of_io(io, connecting);
    }
    let http = cause.downcast_ref::<hyper::Error>()?;
    if http.is_parse_too_large() {
        return Some(Error::HttpResponseHeaderSectionSize(None));
    }
    if http.is_incomplete_message() || http.is_canceled() || http.is_closed() {
        return Some(Error::ConnectionTerminated);
    }
    None
}

fn of_io(error: &io::Error, connecting: bool) -> Option<Error> {
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        ErrorKind::TimedOut if connecting => Error::ConnectionTimeout,
        ErrorKind::TimedOut => Error::ConnectionReadTimeout,
        ErrorKind::HostUnreachable
        | ErrorKind::NetworkUnreachable
        | ErrorKind::AddrNotAvailable => Error::DestinationIpUnroutable,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Error::ConnectionTerminated,
        _ => return None,
    })
}

fn of_tls(error: &rustls::Error) -> Error {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            Error::TlsCertificateError
        }
        rustls::Error::AlertReceived(alert) => Error::TlsAlertReceived {
            alert_id: Some(u8::from(*alert)),
            alert_message: Some(format!("{alert:?}")),
        },
        _ => Error::TlsProtocolError,
    }
}

/// An error and all that caused it. `io::Error` hides the error that it wraps from `source`.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_below_wrapping_io_errors() {
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
        let wrapped = io::Error::other(io::Error::new(ErrorKind::InvalidData, alert));
        let code = causes(&wrapped).find_map(|cause| code(cause, true));
        assert!(
            matches!(
                code,
                Some(Error::TlsAlertReceived {
                    alert_id: Some(40),
                    ..
                })
            ),
            "{code:?}"
        );
    }

    #[test]
    fn io_errors_keep_their_meaning() {
        let of = |kind: ErrorKind, connecting| format!("{:?}", of_io(&kind.into(), connecting));
        assert_eq!(
            of(ErrorKind::ConnectionRefused, true),
            "Some(ConnectionRefused)"
        );
        assert_eq!(of(ErrorKind::TimedOut, true), "Some(ConnectionTimeout)");
        assert_eq!(
            of(ErrorKind::ConnectionReset, false),
            "Some(ConnectionTerminated)"
        );
        assert_eq!(of(ErrorKind::Other, false), "None");
    }
}
