//! A source and a display in one process: the first thing that a newcomer runs.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Error;
use crate::client::{Proxies, TrustSettings};
use crate::display::{Style, show};
use crate::engine::Engine;
use crate::listener::Listener;
use crate::run::{Exit, Source, run_with};
use crate::sandbox::{Limits, Output};
use crate::shutdown::Stop;
use crate::telemetry::{Health, Metrics};

const GREETING: &str = "\
A heartbeat a second, from a WebAssembly component in its sandbox, and the CloudEvents as they arrive at their sink.
The same to a sink of yours:

  K_SINK=http://127.0.0.1:8080 POD_NAME=me POD_NAMESPACE=here heartbeats-host run -- --period=5

Ctrl-C ends it.
";

/// Nothing has to be finished that nobody waits for.
const GRACE_PERIOD: Duration = Duration::from_secs(1);
/// Bytes of the source's log that are kept for the case that it fails.
const LOG: usize = 8 << 10;

/// Beats and shows the beats on standard output until `stop` is given.
pub async fn run(engine: &Engine, style: Style, stop: Stop) -> Result<Exit, Error> {
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = Listener::bind(anywhere, "display --listen").await?;
    eprintln!("{GREETING}");
    let command = engine.heartbeats()?;
    let variable = |name: &str, value: String| (name.to_owned(), value);
    let source = Source {
        args: vec!["--period=1s".to_owned()],
        env: vec![
            variable("K_SINK", format!("http://{}", listener.address())),
            variable("POD_NAME", "demo".to_owned()),
            variable("POD_NAMESPACE", "heartbeats".to_owned()),
        ],
        allow: Vec::new(),
        trust: TrustSettings::default(),
        proxies: Proxies::default(),
        token: None,
        limits: Limits::default(),
        metrics: Metrics::default(),
        tracing: None,
        health: Health::default(),
        grace_period: GRACE_PERIOD,
    };
    // Every beat is on the screen already; the source's own lines about them matter only if it fails.
    let log = Log::default();
    let (output, writer) = Output::new(log.clone()).map_err(Error::thread)?;

    let display = show(listener, style, io::stdout(), stop.clone());
    let beating = run_with(&command, source, stop, output.clone(), output);
    let exit = tokio::select! {
        // A closed standard output ends the demo too.
        () = display => Ok(Exit::Success),
        exit = beating => exit,
    };
    writer.finish(GRACE_PERIOD);
    if !matches!(exit, Ok(Exit::Success)) {
        eprint!("{}", log.text());
    }
    exit
}

/// The last lines of the source.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<VecDeque<u8>>>);

impl Log {
    fn text(&self) -> String {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(bytes.make_contiguous()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend(lines);
        let excess = bytes.len().saturating_sub(LOG);
        bytes.drain(..excess);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_long_log_is_kept() {
        let mut log = Log::default();
        log.write_all("x".repeat(LOG).as_bytes()).unwrap();
        log.write_all(b"end").unwrap();
        assert_eq!(log.text().len(), LOG);
        assert!(log.text().ends_with("xend"));
    }
}
