//! The pooled HTTP client behind the egress: HTTP/1.1 over plain TCP or TLS, with connections kept alive.

mod body;
mod connector;
mod failure;
mod pool;
mod proxy;
mod resolver;
mod sockets;
mod timeouts;
mod trust;

use std::fmt::Display;
use std::pin::pin;
use std::sync::Arc;

use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{Request, Response, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::event::Event;
use crate::sparing::Sparing;
use crate::telemetry::Tracer;
use pool::Pool;

pub use body::{AnswerBody, drain_request};
pub use proxy::{Proxies, ProxyError};
pub use sockets::Sockets;
pub use timeouts::Timeouts;
pub(crate) use trust::check_pem;
pub use trust::{OldestTls, PemError, Trust, TrustError, TrustSettings};

/// A client whose connections all sandboxes with the same trust share. Clones share them too.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    tracer: Option<Tracer>,
}

struct Shared {
    pool: Arc<Pool>,
    proxies: Proxies,
    sockets: Sockets,
    failures: Sparing,
}

impl Client {
    /// A client that trusts whom `trust` trusts at the time of each request, and goes through these proxies.
    pub fn new(trust: Trust, proxies: Proxies) -> Result<Self, TrustError> {
        Self::sharing(&Sockets::default(), trust, proxies)
    }

    /// The same, with sockets that it shares with other clients.
    pub fn sharing(sockets: &Sockets, trust: Trust, proxies: Proxies) -> Result<Self, TrustError> {
        let pool = Arc::new(Pool::new(trust, proxies.clone())?);
        sockets.lend(&pool);
        Ok(Self {
            shared: Arc::new(Shared {
                pool,
                proxies,
                sockets: sockets.clone(),
                failures: Sparing::default(),
            }),
            tracer: None,
        })
    }

    /// Makes a span of each request.
    pub fn traced_by(self, tracer: Option<Tracer>) -> Self {
        Self { tracer, ..self }
    }

    /// Sends one request, for this event, and waits for the head of the answer.
    pub async fn send(
        &self,
        mut request: Request<WasiBody>,
        event: &Event,
        timeouts: Timeouts,
    ) -> Result<Response<AnswerBody>, Error> {
        let tracer = self.tracer.as_ref();
        let span = tracer.and_then(|tracer| tracer.begin(event, &mut request));
        let answer = self.exchange(request, timeouts).await;
        if let Some(span) = span {
            match &answer {
                Ok(response) => span.answered(response.status().as_u16()),
                Err(error) => span.failed(error),
            }
        }
        answer
    }

    async fn exchange(
        &self,
        mut request: Request<WasiBody>,
        timeouts: Timeouts,
    ) -> Result<Response<AnswerBody>, Error> {
        let socket = match self.shared.sockets.reserve().await {
            Ok(socket) => socket,
            Err(none) => {
                self.warn(request.uri(), &none);
                // `connection-limit-reached` would not say whose limit it is.
                return Err(Error::InternalError(Some(none.to_string())));
            }
        };
        let mut tls = request.uri().scheme() == Some(&Scheme::HTTPS);
        // A tunnel's password is given when the tunnel is opened.
        if !tls && let Some(proxy) = self.shared.proxies.of(request.uri()) {
            tls = proxy.uri().scheme() == Some(&Scheme::HTTPS);
            if let Some(auth) = proxy.basic_auth() {
                let headers = request.headers_mut();
                headers.insert(PROXY_AUTHORIZATION, auth.clone());
            }
        }
        let connections = match tls {
            true => self.shared.pool.trusted(),
            false => self.shared.pool.current(),
        };
        let uri = request.uri().clone();
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(sockets::with(socket, connections.request(request)));
        // In this order: a pooled connection is there at the first poll, and then no timer is ever set.
        let early = tokio::select! {
            biased;
            answer = &mut answer => Some(answer),
            () = async { drop(connection.wait_for_connection_metadata().await) } => None,
            () = tokio::time::sleep(timeouts.connect) => return Err(Error::ConnectionTimeout),
        };
        let answer = match early {
            Some(answer) => answer,
            None => timeout(timeouts.first_byte, answer)
                .await
                .map_err(|_| Error::HttpResponseTimeout)?,
        };
        match answer {
            Ok(response) => Ok(response.map(|body| AnswerBody::new(body, timeouts.between_bytes))),
            Err(error) => {
                self.log(&uri, &error);
                Err(failure::of_request(&error))
            }
        }
    }

    /// What `wasi:http` has no words for goes to the host's log.
    fn log(&self, uri: &Uri, error: &legacy::Error) {
        tracing::debug!("request failed: {error:?}");
        if let Some(reason) = failure::explained(error) {
            self.warn(uri, &reason);
        }
    }

    fn warn(&self, uri: &Uri, reason: &dyn Display) {
        if let Some(requests) = self.shared.failures.due() {
            let (scheme, authority) = (uri.scheme_str(), uri.authority());
            let (scheme, authority) = (
                scheme.unwrap_or_default(),
                authority.map_or("", |a| a.as_str()),
            );
            tracing::warn!(requests, "{scheme}://{authority}: {reason}");
        }
    }
}

#[cfg(test)]
mod tests;
