//! Whom the client trusts, as Knative has it: the system's authorities, every PEM file in a folder, and `K_CA_CERTS`.

mod pem;
mod settings;
mod system;

use std::path::PathBuf;
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use pem::{File, add, files};

pub use pem::PemError;
pub(crate) use pem::check_pem;
pub use settings::{OldestTls, TrustSettings};

/// What is trusted. The folder is looked at again whenever it may have changed, the rest is read once.
#[derive(Clone)]
pub struct Trust {
    fixed: Arc<RootCertStore>,
    folder: Option<Folder>,
    /// PEM text of one sink's own.
    besides: Option<Arc<str>>,
    versions: Versions,
}

type Versions = &'static [&'static SupportedProtocolVersion];

const TLS12_ON: Versions = &[&TLS13, &TLS12];
const TLS13_ON: Versions = &[&TLS13];

/// The files of the folder as they were when they were read last.
pub(super) type Seen = Option<Vec<File>>;

#[derive(Clone)]
struct Folder {
    path: PathBuf,
    /// The operator named it, so it must be there.
    required: bool,
}

/// Why trust could not be established.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file or folder of certificates that cannot be read.
    #[error("certificate authorities {}: {reason}; make it readable, or name another folder with --ca-dir", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A text that holds none.
    #[error("certificate authorities {origin}: {reason}")]
    Pem {
        /// The file, variable or field.
        origin: String,
        /// Why.
        reason: PemError,
    },
    /// A variable that is not Unicode.
    #[error("{0} is not UTF-8; set another value")]
    NotUnicode(&'static str),
    /// A version of TLS that is not offered.
    #[error("TLS_MIN_VERSION: {0:?} is not known; write 1.2 or 1.3")]
    Version(String),
    /// The TLS library refused its settings.
    #[error("the TLS client does not start: {0}")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Reads what does not change; the folder is read by [`Client::new`](super::Client::new), and later again.
    pub fn read(settings: &TrustSettings) -> Result<Self, TrustError> {
        let mut fixed = system::roots();
        if let Some(text) = &settings.ca_certs {
            add(&mut fixed, text.as_bytes()).map_err(wrong("K_CA_CERTS"))?;
        }
        Ok(Self {
            fixed: Arc::new(fixed),
            besides: None,
            folder: Some(Folder {
                path: settings.folder(),
                required: settings.ca_dir.is_some(),
            }),
            versions: match settings.oldest {
                OldestTls::Tls12 => TLS12_ON,
                OldestTls::Tls13 => TLS13_ON,
            },
        })
    }

    /// [Reads](Self::read) them where they are `needed`, else trusts [nobody](Self::nobody).
    pub fn read_if(needed: bool, settings: &TrustSettings) -> Result<Self, TrustError> {
        match needed {
            true => Self::read(settings),
            false => Ok(Self::nobody()),
        }
    }

    /// Trusts nobody: for sources that cannot use `https`, whose start then does not wait for reading certificates.
    pub fn nobody() -> Self {
        Self {
            fixed: Arc::new(RootCertStore::empty()),
            folder: None,
            besides: None,
            versions: TLS13_ON,
        }
    }

    /// Trusts these authorities too, which are PEM text.
    pub fn and(&self, besides: Arc<str>) -> Self {
        Self {
            besides: Some(besides),
            ..self.clone()
        }
    }

    /// What the folder looks like now; `None` if there is nothing to look at.
    pub(super) fn look(&self) -> Seen {
        let folder = self.folder.as_ref()?;
        files(&folder.path, folder.required).ok()
    }

    /// Reads the folder.
    pub(super) fn config(&self) -> Result<ClientConfig, TrustError> {
        let mut roots = RootCertStore::clone(&self.fixed);
        if let Some(folder) = &self.folder {
            for File { path, .. } in files(&folder.path, folder.required)? {
                let text = std::fs::read(&path).map_err(|reason| TrustError::Unreadable {
                    path: path.clone(),
                    reason,
                })?;
                add(&mut roots, &text).map_err(wrong(path.display()))?;
            }
        }
        if let Some(besides) = &self.besides {
            add(&mut roots, besides.as_bytes()).map_err(wrong("CACerts"))?;
        }
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ClientConfig::builder_with_provider(ring).with_protocol_versions(self.versions)?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn wrong(origin: impl std::fmt::Display) -> impl FnOnce(PemError) -> TrustError {
    move |reason| TrustError::Pem {
        origin: origin.to_string(),
        reason,
    }
}

#[cfg(test)]
mod tests;
