//! What is wrong with a TLS server, and what to do about it.

use std::borrow::Cow;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// A text for the log.
pub(super) fn explained(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error).into_owned(),
        Error::AlertReceived(AlertDescription::ProtocolVersion)
        | Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "it does not speak TLS in a version that is allowed; TLS_MIN_VERSION=1.2 allows 1.2 besides 1.3".to_owned(),
        Error::InvalidMessage(_) => "it does not speak TLS; is https right, and the port?".to_owned(),
        other => format!("TLS failed: {other}"),
    }
}

fn certificate(error: &CertificateError) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        // A bad signature: an authority of the issuer's name is trusted, but it has another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the issuer of its certificate is not trusted; add that authority by K_CA_CERTS or --ca-dir, or in serve by the sink's CACerts"
        }
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => return wrong_name(expected, presented).into(),
        CertificateError::NotValidForName => "its certificate is for another name",
        CertificateError::ExpiredContext { time, not_after } => {
            return format!(
                "its certificate expired {} ago; renew it",
                span(*not_after, *time)
            )
            .into();
        }
        CertificateError::Expired => "its certificate has expired; renew it",
        CertificateError::NotValidYetContext { time, not_before } => {
            return format!(
                "its certificate is valid only in {}; are the clocks right?",
                span(*time, *not_before)
            )
            .into();
        }
        CertificateError::NotValidYet => "its certificate is not valid yet; are the clocks right?",
        other => return format!("its certificate is not accepted: {other}").into(),
    })
}

fn wrong_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let expected = expected.to_str();
    if presented.is_empty() {
        return format!(
            "its certificate has no subject alternative name, so it is not for {expected}"
        );
    }
    // Each stands as `DnsName("…")` or `IpAddress(…)`. A hostile certificate can hold thousands.
    let mut names = presented
        .iter()
        .take(5)
        .map(String::as_str)
        .collect::<Vec<_>>();
    if presented.len() > names.len() {
        names.push("…");
    }
    format!(
        "its certificate is for {}, not for {expected}",
        names.join(", ")
    )
}

/// From one time to another, in the largest unit that is whole.
fn span(from: UnixTime, to: UnixTime) -> String {
    let seconds = to.as_secs().saturating_sub(from.as_secs());
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_fault_has_its_own_text() {
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let expected = ServerName::try_from("sink.ns.svc").unwrap();
        let presented = vec!["DnsName(\"other\")".to_owned()];
        for (error, text) in [
            (CertificateError::UnknownIssuer, "not trusted"),
            (
                CertificateError::NotValidForNameContext {
                    expected,
                    presented,
                },
                "its certificate is for DnsName(\"other\"), not for sink.ns.svc",
            ),
            (
                CertificateError::ExpiredContext {
                    time: at(259_200),
                    not_after: at(0),
                },
                "its certificate expired 3 days ago; renew it",
            ),
            (
                CertificateError::NotValidYetContext {
                    time: at(0),
                    not_before: at(1),
                },
                "its certificate is valid only in 1 second; are the clocks right?",
            ),
        ] {
            let explained = explained(&Error::InvalidCertificate(error));
            assert!(explained.contains(text), "{explained}");
        }
    }

    #[test]
    fn an_old_version_is_told_with_the_setting_that_allows_it() {
        let text = explained(&Error::AlertReceived(AlertDescription::ProtocolVersion));
        assert!(text.contains("TLS_MIN_VERSION=1.2"), "{text}");
    }
}
