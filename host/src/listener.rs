//! A listener for HTTP/1.1, and the loop that accepts its connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::Error;

/// Bytes of a request's head; hyper answers 431 to more.
const HEAD: usize = 128 << 10;
/// How long a client may take to send a request's head, or may be silent between two requests.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// After an error of the listener itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener whose clients wait until somebody answers.
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

/// What a request is answered with.
pub(crate) type Answer = Response<Full<Bytes>>;

impl Listener {
    /// Listens on `address`; port 0 takes a free one. Where that fails the error names `flag`, by which another can be chosen.
    pub async fn bind(address: SocketAddr, flag: &'static str) -> Result<Self, Error> {
        let listen = |reason| Error::Listen {
            address,
            reason,
            flag,
        };
        let tcp = TcpListener::bind(address).await.map_err(listen)?;
        let address = tcp.local_addr().map_err(listen)?;
        Ok(Self { tcp, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers for ever, all connections at the same time.
    pub(crate) async fn answer<F>(
        self,
        answer: impl Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    ) where
        F: Future<Output = Answer> + Send + 'static,
    {
        loop {
            let tcp = match self.tcp.accept().await {
                Ok((tcp, _)) => tcp,
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let answer = answer.clone();
            let service = service_fn(move |request| {
                let answer = answer(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME)
                .max_buf_size(HEAD)
                .serve_connection(TokioIo::new(tcp), service);
            tokio::spawn(async {
                if let Err(error) = connection.await {
                    tracing::debug!("a connection broke off: {error}");
                }
            });
        }
    }
}
