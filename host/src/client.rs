//! The pooled HTTP client behind the egress: HTTP/1.1 over plain TCP or TLS, with connections kept alive.

mod body;
mod failure;
mod resolver;
mod timeouts;
mod tls;

use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

use resolver::Resolver;

pub use body::{AnswerBody, drain_request};
pub use timeouts::Timeouts;
pub use tls::{no_roots, system_roots};

/// How long a connection without a request is kept.
const IDLE: Duration = Duration::from_secs(90);
/// Idle connections that are kept for one origin.
const IDLE_PER_ORIGIN: usize = 32;
/// Bytes of an answer's status line and header fields, and of one read.
const ANSWER_HEAD: usize = 64 << 10;

/// A client whose connections all sandboxes with the same trust share. Clones share them too.
#[derive(Clone)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector<Resolver>>, WasiBody>);

impl Client {
    /// A client that trusts what `tls` trusts.
    pub fn new(tls: ClientConfig) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_ORIGIN)
            .http1_max_buf_size(ANSWER_HEAD)
            // Only a request that hyper hands back unwritten is sent again: its pooled connection had been closed in the
            // meantime. One that may have reached the sink is never repeated here; that is the guest's decision.
            .retry_canceled_requests(true)
            .build(connector);
        Self(client)
    }

    /// Sends one request and waits for the head of the answer.
    pub async fn send(
        &self,
        mut request: Request<WasiBody>,
        timeouts: Timeouts,
    ) -> Result<Response<AnswerBody>, Error> {
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(self.0.request(request));
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
                tracing::debug!("request failed: {error:?}");
                Err(failure::of_request(&error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
