//! What can go wrong before, or instead of, a source's own end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::client::TrustError;
use crate::identity::TokenError;
use crate::sandbox::Hit;
use crate::serve::SocketsError;
use crate::telemetry::ExporterError;

/// Why a command of the host failed. The texts name the setting, its value and the remedy, and contain the cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// wasmtime refused the host's own settings.
    #[error("the WebAssembly engine does not start on this machine: {0}")]
    Engine(String),
    /// A component's file could not be read.
    #[error("component {}: {reason}; name a readable file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// The bytes are no component, or one that needs what the sandbox does not offer.
    #[error("component {name}: {reason}")]
    Component {
        /// The component's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The guest trapped.
    #[error("component {name} was stopped: {reason}")]
    Trap {
        /// The component's name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The guest ran into one of the sandbox's limits.
    #[error("component {name} was stopped: {hit}")]
    Limit {
        /// The component's name.
        name: String,
        /// Which limit.
        hit: Hit,
    },
    /// A listener could not be opened.
    #[error("cannot listen on {address}: {reason}; choose another address with {flag}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        reason: io::Error,
        /// By which it was.
        flag: &'static str,
    },
    /// The operating system refused something that the host cannot do without.
    #[error("{what}: {reason}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        reason: io::Error,
    },
    /// More sockets than there can be.
    #[error(transparent)]
    Sockets(#[from] SocketsError),
    /// It is not clear whom to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Spans cannot be exported.
    #[error(transparent)]
    Exporter(#[from] ExporterError),
    /// The token cannot be used.
    #[error("{0}, or name another file with --oidc-token")]
    Token(#[from] TokenError),
    /// Two ways to show who the source is, of which a request can carry only one.
    #[error(
        "the sink's URL has user information, and there is a token for the sink too; remove one of them"
    )]
    TwoIdentities,
}

impl Error {
    /// The system has no thread for us.
    pub(crate) fn thread(reason: io::Error) -> Self {
        Self::System {
            what: "cannot start a thread",
            reason,
        }
    }
}

/// An error of wasmtime's in one line, without the backtrace of wasm frames, which goes to the debug log.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    tracing::debug!("{error:?}");
    let causes: Vec<String> = error
        .chain()
        .map(|cause| cause.to_string())
        .filter(|cause| !cause.starts_with("error while executing"))
        .filter_map(|cause| cause.lines().next().map(str::to_owned))
        .collect();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_joined_and_backtraces_left_out() {
        let error = wasmtime::Error::msg("wasm trap: unreachable\nmore")
            .context("error while executing at wasm backtrace:\n    0: 0x1")
            .context("calling run");
        assert_eq!(one_line(&error), "calling run: wasm trap: unreachable");
    }
}
