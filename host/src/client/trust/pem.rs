//! PEM files, and a folder of them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::TrustError;
use crate::stamp::Stamp;

/// A file and what it looked like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::client) struct File {
    pub(super) path: PathBuf,
    stamp: Stamp,
}

/// Why a text holds no authorities.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// A text without a certificate in it.
    #[error("no certificate in it; it must be PEM text (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// A text that is no PEM, or holds something that is no certificate.
    #[error("{0}; mend or remove it")]
    Malformed(String),
}

/// Whether a text is PEM and holds certificates, and nothing else by that name.
pub(crate) fn check_pem(text: &[u8]) -> Result<(), PemError> {
    add(&mut RootCertStore::empty(), text)
}

/// Adds every certificate of a PEM text, of which there must be one.
pub(super) fn add(roots: &mut RootCertStore, text: &[u8]) -> Result<(), PemError> {
    let malformed = |reason: &dyn std::fmt::Display| PemError::Malformed(reason.to_string());
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate = certificate.map_err(|error| malformed(&error))?;
        roots.add(certificate).map_err(|error| malformed(&error))?;
    }
    if roots.len() == before {
        return Err(PemError::Empty);
    }
    Ok(())
}

/// Every file of a folder and the folders in it, in the order of their names. A folder that is not `required` may be
/// missing.
pub(super) fn files(folder: &Path, required: bool) -> Result<Vec<File>, TrustError> {
    let mut found = Vec::new();
    match collect(folder, &mut found) {
        Err(TrustError::Unreadable { path, reason })
            if path == folder && reason.kind() == ErrorKind::NotFound && !required => {}
        other => other?,
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<File>) -> Result<(), TrustError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |reason| TrustError::Unreadable { path, reason }
    };
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let entry = entry.map_err(unreadable(folder))?;
        // Kubernetes keeps what it mounts in hidden folders (`..data`) and links to it.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(unreadable(&path))?.is_dir() {
            collect(&path, found)?;
        } else {
            let stamp = Stamp::of(&path).map_err(unreadable(&path))?;
            found.push(File { path, stamp });
        }
    }
    Ok(())
}
