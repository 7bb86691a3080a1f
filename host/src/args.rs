//! The arguments of each command, parsed into types.

mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use heartbeats::go::duration::parse_positive;
use heartbeats_host::egress::HostPort;
use heartbeats_host::environment::Named;
use heartbeats_host::sandbox::Setting;

pub(crate) use serve::{Check, Serve};

/// Runs event sources that are WebAssembly components, each in a sandbox that reaches its sink and nothing else.
#[derive(Debug, Parser)]
#[command(name = "heartbeats-host", version, arg_required_else_help = true, after_help = ENVIRONMENT)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The form of the host's log on standard error. In json the source's own lines are part of it, with its name
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

/// The form of the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One object a line
    Json,
}

const ENVIRONMENT: &str = "\
Environment:
  RUST_LOG        level of the host's own log: error, warn, info (the default), debug or trace
  NO_COLOR        any value turns colours off
  XDG_CACHE_HOME  where compiled components are kept, in heartbeats/ (default: ~/.cache); without a place for
                  them each start compiles
  SSL_CERT_FILE, SSL_CERT_DIR
                  certificate authorities instead of the system's
  K_CA_CERTS      certificate authorities to trust besides, PEM text (Knative sets it)
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY
                  proxies (http://HOST:PORT, socks5://HOST:PORT) and what is reached without them
  TLS_MIN_VERSION the oldest TLS that is spoken: 1.3 (the default) or 1.2
  K_OBSERVABILITY_CONFIG
                  where spans are exported to, JSON as Knative writes it:
                  {\"tracing\":{\"protocol\":\"http/protobuf\",\"endpoint\":\"http://HOST:4318\",\"samplingRate\":1}}";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one event source until it ends or is stopped
    Run(Run),
    /// Run many event sources of many tenants, as manifests say
    Serve(Serve),
    /// Check manifests and components, and send nothing
    Check(Check),
    /// Receive CloudEvents and show them
    Display(Display),
    /// Show a heartbeat at work: a source and a display in this process, nothing else needed
    Demo,
}

const RUN_EXAMPLES: &str = "\
Examples:
  K_SINK=http://127.0.0.1:8080 POD_NAME=me POD_NAMESPACE=here heartbeats-host run -- --period=5
  heartbeats-host run -- --help        the flags of the heartbeats source

The source sees these variables of the host's environment, where they are set: K_SINK, K_CE_OVERRIDES, POD_NAME,
POD_NAMESPACE and ONE_SHOT; and those that --env names. It can send requests to its sink, and to what --allow names.

On SIGTERM or SIGINT the beat in flight is finished first. A second signal stops at once.
The exit status is the source's: 0 when it is done or was stopped, 1 when it failed.";

/// Runs one event source until it ends or is stopped: the heartbeats source that is built in, or another component of
/// the wasi:cli/command world.
#[derive(Debug, clap::Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct Run {
    /// The component to run instead of the built-in heartbeats
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,

    /// A variable for the source; NAME alone passes on the host's own value. Can be given many times
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<Named>,

    /// A place besides its sink that the source may send requests to. Can be given many times
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) allow: Vec<HostPort>,

    /// A folder of PEM files with certificate authorities to trust besides the system's, instead of the one that
    /// Knative mounts at /knative-custom-certs
    #[arg(long, value_name = "DIR")]
    pub(crate) ca_dir: Option<PathBuf>,

    /// A file with a token that is sent to the sink as `Authorization: Bearer`, instead of the one that Knative mounts
    /// at /oidc/token. It is read again when it changes; the source cannot see it
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_token: Option<PathBuf>,

    /// How much of something the source may use, such as memory=32Mi, cpu=500ms or log=64Ki (bytes a second). Can be
    /// given many times; the error of a source that ran into a limit names it
    #[arg(long = "limit", value_name = "NAME=VALUE")]
    pub(crate) limits: Vec<Setting>,

    /// Where to serve /metrics for Prometheus, /healthz and /readyz; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = address)]
    pub(crate) metrics: Option<SocketAddr>,

    /// How long a beat in flight may go on after SIGTERM or SIGINT
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_positive)]
    pub(crate) grace_period: Duration,

    /// The source's own flags, after `--`
    #[arg(last = true, allow_hyphen_values = true, value_name = "FLAGS")]
    pub(crate) flags: Vec<String>,
}

const DISPLAY_EXAMPLES: &str = "\
It takes CloudEvents over HTTP in binary, structured and batched mode at any path and answers 202. GET /healthz answers 200.

Example:
  heartbeats-host display --json | jq .data";

/// Receives CloudEvents and shows them, readable for people, or with --json for programs.
#[derive(Debug, clap::Args)]
#[command(after_help = DISPLAY_EXAMPLES)]
pub(crate) struct Display {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) listen: SocketAddr,

    /// Write each event as one line of JSON (CloudEvents, structured mode)
    #[arg(long)]
    pub(crate) json: bool,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "is no address with a port; write one such as 127.0.0.1:8080 or [::]:8080")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Run, String> {
        let arguments = ["heartbeats-host", "run"].iter().chain(arguments);
        match Args::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Run(run) => Ok(run),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }

    #[test]
    fn flags_after_the_dashes_pass_untouched() {
        let flags = ["--period=5", "-x", "", "--", "--env", "run", "--help"];
        let arguments: Vec<&str> = ["--env", "A=b", "--"].into_iter().chain(flags).collect();
        let run = run(&arguments).unwrap();
        assert_eq!(run.flags, flags);
        assert_eq!(run.env, [Named::Set("A".into(), "b".into())]);
        assert_eq!(run.grace_period, Duration::from_secs(10));
    }

    #[test]
    fn flags_without_dashes_are_refused_with_the_remedy() {
        let error = run(&["--period=5"]).unwrap_err();
        assert!(error.contains("-- --period"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_setting_and_the_remedy() {
        for (argument, value) in [
            ("--allow", "host"),
            ("--env", "=x"),
            ("--grace-period", "soon"),
            ("--limit", "memory=lots"),
            ("--metrics", "9090"),
        ] {
            let error = run(&[argument, value]).unwrap_err();
            assert!(
                error.contains(argument) && error.contains(value) && error.contains("; write"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_port_alone_is_no_address() {
        assert!(address("8080").unwrap_err().contains("; write"));
        assert_eq!(address("[::]:0").unwrap().port(), 0);
    }
}
