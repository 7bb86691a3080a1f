//! Where the operator's and Knative's certificates are.

use std::ffi::OsString;
use std::path::PathBuf;

use super::TrustError;

/// Where Knative mounts a cluster's trust bundles, if there are any.
const MOUNT: &str = "/knative-custom-certs";

/// What is trusted besides the system's authorities, and from which version of TLS on.
#[derive(Clone, Debug, Default)]
pub struct TrustSettings {
    /// A folder of PEM files, `--ca-dir`; `None`: Knative's, where it is mounted.
    pub ca_dir: Option<PathBuf>,
    /// A PEM text, `K_CA_CERTS`.
    pub ca_certs: Option<String>,
    /// `TLS_MIN_VERSION`.
    pub oldest: OldestTls,
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldestTls {
    /// 1.2
    Tls12,
    /// 1.3, as in Knative
    #[default]
    Tls13,
}

impl TrustSettings {
    /// The settings by these variables and `--ca-dir`. A variable that is set to nothing counts as not set.
    pub fn new(
        ca_dir: Option<PathBuf>,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, TrustError> {
        let text = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty());
            let value = value.map(OsString::into_string).transpose();
            value.map_err(|_| TrustError::NotUnicode(name))
        };
        let oldest = match text("TLS_MIN_VERSION")?.as_deref() {
            None | Some("1.3") => OldestTls::Tls13,
            Some("1.2") => OldestTls::Tls12,
            Some(other) => return Err(TrustError::Version(other.to_owned())),
        };
        Ok(Self {
            ca_dir,
            ca_certs: text("K_CA_CERTS")?,
            oldest,
        })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.ca_dir.clone().unwrap_or_else(|| MOUNT.into())
    }
}
