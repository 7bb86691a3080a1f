//! The authorities of the operating system, or Mozilla's in an image that has none.

use std::env;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls_native_certs::load_native_certs;

/// The system's, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
pub(super) fn roots() -> RootCertStore {
    let found = load_native_certs();
    for error in &found.errors {
        tracing::warn!("cannot read a certificate authority: {error}");
    }
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(env::var_os);
    usable(found.certs, named.iter().any(Option::is_some))
}

/// Who has `named` whom to trust gets nobody else.
fn usable(found: Vec<CertificateDer<'static>>, named: bool) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found);
    tracing::debug!(usable, unusable, "certificate authorities of the system");
    if usable == 0 && named {
        tracing::warn!("no certificate authorities in SSL_CERT_FILE or SSL_CERT_DIR");
    } else if usable == 0 {
        tracing::info!("the system has no certificate authorities: Mozilla's are trusted");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mozillas_authorities_stand_in_only_where_the_system_has_none() {
        let mine = rcgen::generate_simple_self_signed(vec!["mine".to_owned()]).unwrap();
        assert!(usable(Vec::new(), false).len() > 100);
        assert_eq!(usable(Vec::new(), true).len(), 0);
        assert_eq!(usable(vec![mine.cert.der().clone()], false).len(), 1);
    }
}
