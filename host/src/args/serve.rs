//! The arguments of the commands that read manifests.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use heartbeats::go::duration::parse_positive;
use heartbeats_host::serve::{Shard, TenantLimits};

use super::address;

const SERVE_EXAMPLES: &str = "\
Examples:
  heartbeats-host serve --sources sources.yaml
  heartbeats-host check sources/ && heartbeats-host serve --sources sources/
  curl http://127.0.0.1:8081/sources        the sources and their states
  curl http://127.0.0.1:8081/openapi.json   what else the admin interface has

The manifests are read again when they change. A source whose manifest is broken goes on as it was.
On SIGTERM or SIGINT no further beat begins, and those in flight are finished first. A second signal stops at once.";

/// Runs the sources of many tenants in this process, each beat in a fresh sandbox, as manifests of the kind WasmSource say.
#[derive(Debug, clap::Args)]
#[command(after_help = SERVE_EXAMPLES)]
pub(crate) struct Serve {
    /// A manifest, or a folder of them (.yaml, .yml, .json). Can be given many times
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) sources: Vec<PathBuf>,

    /// Where the admin interface listens; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8081", value_parser = address)]
    pub(crate) admin: SocketAddr,

    /// What one tenant, which is a namespace, may use: sources, beats-per-second and in-flight; what is left out keeps its
    /// default [default: sources=1000000,beats-per-second=20000,in-flight=256]
    #[arg(long, value_name = "NAME=N,…")]
    pub(crate) tenant_limits: Option<TenantLimits>,

    /// Connections to sinks that may be open at the same time, idle ones too [default: 10000, or what the limit on open files
    /// leaves]
    #[arg(long, value_name = "N", value_parser = sockets)]
    pub(crate) sockets: Option<usize>,

    /// Run one share of the sources: I from 0 to N-1, as N processes with the same manifests
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,

    /// A folder of PEM files with authorities that are trusted besides the system's, read again when it changes; by default
    /// what Knative mounts at /knative-custom-certs
    #[arg(long, value_name = "DIR")]
    pub(crate) ca_dir: Option<PathBuf>,

    /// A folder with tokens for sinks with an audience, one in each file NAMESPACE/AUDIENCE; docs/serve.md tells how an audience
    /// becomes a file's name. A token is read when it is sent
    #[arg(long, value_name = "DIR")]
    pub(crate) oidc_tokens: Option<PathBuf>,

    /// How long beats in flight may go on after SIGTERM or SIGINT
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_positive)]
    pub(crate) grace_period: Duration,
}

fn sockets(text: &str) -> Result<usize, &'static str> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or("is no number of sockets; write one from 1 on")
}

const CHECK_EXAMPLES: &str = "\
Everything that is wrong is reported, with its file, line and field; components are asked about the settings of their
sources too. The exit status is 0 if nothing is, else 1.

Example:
  heartbeats-host check sources/ my.wasm";

/// Checks manifests and components, and sends nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(crate) struct Check {
    /// A manifest, a folder of them (.yaml, .yml, .json), or a component (.wasm)
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
}
