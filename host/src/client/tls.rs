//! Whom the client trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// Trusts the certificate authorities of the operating system (or of `SSL_CERT_FILE` and `SSL_CERT_DIR`).
pub fn system_roots() -> Result<ClientConfig, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("cannot read a certificate authority: {error}");
    }
    let mut roots = RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(usable, unusable, "certificate authorities of the system");
    if usable == 0 {
        tracing::warn!(
            "no certificate authorities found, https will fail; install ca-certificates or set SSL_CERT_FILE"
        );
    }
    config(roots)
}

/// Trusts nobody: for sources that cannot use `https`, whose start then does not wait for reading certificates.
pub fn no_roots() -> Result<ClientConfig, rustls::Error> {
    config(RootCertStore::empty())
}

fn config(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
