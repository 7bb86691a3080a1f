//! Connections kept alive, all of them made under the trust of now.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use wasmtime_wasi_http::WasiBody;

use super::connector::Connector;
use super::proxy::Proxies;
use super::trust::{Seen, Trust, TrustError};

/// How long a connection without a request is kept.
const IDLE: Duration = Duration::from_secs(90);
/// Idle connections that are kept for one origin.
const IDLE_PER_ORIGIN: usize = 32;
/// Bytes of an answer's status line and header fields, and of one read.
pub(super) const ANSWER_HEAD: usize = 64 << 10;

/// The connections, and the trust that they were made under.
pub(super) struct Pool {
    trust: Trust,
    proxies: Proxies,
    state: Mutex<State>,
}

pub(super) type Connections = legacy::Client<HttpsConnector<Connector>, WasiBody>;

struct State {
    connections: Connections,
    tls: ClientConfig,
    seen: Seen,
    /// Since there are these connections.
    used: bool,
}

impl Pool {
    pub(super) fn new(trust: Trust, proxies: Proxies) -> Result<Self, TrustError> {
        let seen = trust.look();
        let tls = trust.config()?;
        let connections = connections(tls.clone(), proxies.clone());
        Ok(Self {
            trust,
            proxies,
            state: Mutex::new(State {
                connections,
                tls,
                seen,
                used: false,
            }),
        })
    }

    /// For requests without TLS, to their proxy either.
    pub(super) fn current(&self) -> Connections {
        self.state().lent()
    }

    /// For requests with TLS. Where the trusted certificates have changed, the old connections are left to end: no later
    /// request may use one whose authority is perhaps not trusted any more.
    pub(super) fn trusted(&self) -> Connections {
        let mut state = self.state();
        let now = self.trust.look();
        if now != state.seen {
            state.seen = now;
            match self.trust.config() {
                Ok(config) => {
                    tracing::info!("the certificate authorities have changed and were read again");
                    state.tls = config;
                    self.renew(&mut state);
                }
                Err(error) => {
                    tracing::warn!("the old certificate authorities stay in use: {error}")
                }
            }
        }
        state.lent()
    }

    /// Closes the connections that have no request, and each of the others after the one that it has.
    pub(super) fn close_idle(&self) {
        let mut state = self.state();
        if state.used {
            self.renew(&mut state);
        }
    }

    fn renew(&self, state: &mut State) {
        state.connections = connections(state.tls.clone(), self.proxies.clone());
        state.used = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn lent(&mut self) -> Connections {
        self.used = true;
        self.connections.clone()
    }
}

fn connections(tls: ClientConfig, proxies: Proxies) -> Connections {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector::new(proxies, tls));
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_ORIGIN)
        .http1_max_buf_size(ANSWER_HEAD)
        // Only a request that hyper hands back unwritten is sent again: its pooled connection had been closed in the
        // meantime. One that may have reached the sink is never repeated here; that is the guest's decision.
        .retry_canceled_requests(true)
        .build(connector)
}
