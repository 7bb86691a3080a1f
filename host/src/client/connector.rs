//! Opens connections: directly, or through a proxy.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::proxy::{Proxies, default_port, is_socks};
use super::resolver::Resolver;
use super::sockets::{Socket, reserved};

/// The port of a SOCKS proxy whose URL names none.
const SOCKS: u16 = 1080;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// TCP, or TLS to a proxy, below the TLS to the sink.
#[derive(Clone)]
pub(super) struct Connector {
    proxies: Proxies,
    direct: HttpConnector<Resolver>,
    to_proxy: HttpsConnector<HttpConnector<Resolver>>,
}

/// A connection that failed on its way through a proxy.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} did not help: {source}")]
pub(super) struct ProxyFailed {
    pub(super) proxy: Uri,
    pub(super) source: BoxError,
}

/// A connection that knows whether a proxy reads its requests.
pub(super) struct Link {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    proxied: bool,
    _socket: Socket,
}

impl Connector {
    /// `tls` is for the proxies that speak it.
    pub(super) fn new(proxies: Proxies, tls: ClientConfig) -> Self {
        let tcp = |resolver| {
            let mut tcp = HttpConnector::new_with_resolver(resolver);
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp
        };
        Self {
            proxies,
            direct: tcp(Resolver::Checked),
            to_proxy: (tcp(Resolver::Trusting), tls).into(),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Link, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.direct.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let link = |stream, proxied, socket| Link {
            stream,
            proxied,
            _socket: socket,
        };
        let socket = reserved();
        let Some(proxy) = self.proxies.of(&uri) else {
            let connecting = self.direct.call(uri);
            return Box::pin(async move { Ok(link(connecting.await?.into(), false, socket)) });
        };
        let at = proxy.uri().clone();
        let failed = {
            let proxy = at.clone();
            move |source| ProxyFailed { proxy, source }
        };
        if is_socks(&at) {
            let mut socks = SocksV5::new(place(&at, SOCKS), self.to_proxy.clone());
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            let connecting = socks.call(place(&uri, default_port(&uri)));
            return Box::pin(async move {
                let stream = connecting.await.map_err(|error| failed(error.into()))?;
                Ok(link(stream, false, socket))
            });
        }
        if uri.scheme() == Some(&Scheme::HTTPS) {
            let mut tunnel = Tunnel::new(at, self.to_proxy.clone());
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            let connecting = tunnel.call(uri);
            Box::pin(async move {
                let stream = connecting.await.map_err(|error| failed(error.into()))?;
                Ok(link(stream, false, socket))
            })
        } else {
            let connecting = self.to_proxy.call(at);
            Box::pin(async move {
                let stream = connecting.await.map_err(failed)?;
                Ok(link(stream, true, socket))
            })
        }
    }
}

/// Where a URL leads, with a port in any case and without TLS.
fn place(uri: &Uri, default: u16) -> Uri {
    let host = uri.host().unwrap_or_default();
    let port = uri.port_u16().unwrap_or(default);
    let place = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(format!("{host}:{port}"))
        .path_and_query("/");
    // What was good in the URL is good here.
    place.build().unwrap_or_else(|_| uri.clone())
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        // hyper writes the whole URL into the request line for a proxy.
        self.stream.connected().proxy(self.proxied)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }
}
