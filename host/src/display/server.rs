//! The sink's HTTP side.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::decode::decode;
use super::printer::Printer;
use super::{NoEvent, Style};
use crate::Error;
use crate::shutdown::Stop;

/// Bytes of one request's body: more than any intermediary has to forward (64 KiB), for batches.
const BODY: usize = 1 << 20;
/// Bytes of a request's head; hyper answers 431 to more.
const HEAD: usize = 128 << 10;
/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// After an error of the listener itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// A sink that listens already, but does not answer yet.
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `address`; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> Result<Self, Error> {
        let listen = |reason| Error::Listen { address, reason };
        let tcp = TcpListener::bind(address).await.map_err(listen)?;
        let address = tcp.local_addr().map_err(listen)?;
        Ok(Self { tcp, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shows events on `output` until it is closed or `stop` is given.
    pub async fn show(self, style: Style, output: impl Write + Send + 'static, mut stop: Stop) {
        let printer = Arc::new(Printer::new(style, output));
        loop {
            let connection = tokio::select! {
                connection = self.tcp.accept() => connection,
                () = printer.closed() => return,
                () = stop.asked() => return,
            };
            match connection {
                Ok((tcp, _)) => {
                    tokio::spawn(serve(tcp, printer.clone()));
                }
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn serve(tcp: TcpStream, printer: Arc<Printer<impl Write + Send>>) {
    let service = service_fn(|request| {
        let printer = printer.clone();
        async move { Ok::<_, Infallible>(answer(request, &printer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(tcp), service);
    if let Err(error) = connection.await {
        tracing::debug!("connection broke off: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    printer: &Printer<impl Write>,
) -> Response<Full<Bytes>> {
    if request.method() == Method::GET && request.uri().path() == "/healthz" {
        return text(StatusCode::OK, "ok");
    }
    if request.method() != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "events come by POST");
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return text(
                StatusCode::PAYLOAD_TOO_LARGE,
                &format!("the body has more than {BODY} bytes"),
            );
        }
        Err(error) => {
            return text(
                StatusCode::BAD_REQUEST,
                &format!("the body broke off: {error}"),
            );
        }
    };
    match decode(&head.headers, &body) {
        Ok(events) => {
            printer.print(events);
            let mut accepted = Response::new(Full::default());
            *accepted.status_mut() = StatusCode::ACCEPTED;
            accepted
        }
        Err(reason @ NoEvent::Format(_)) => {
            text(StatusCode::UNSUPPORTED_MEDIA_TYPE, &reason.to_string())
        }
        Err(reason) => text(StatusCode::BAD_REQUEST, &reason.to_string()),
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

#[cfg(test)]
mod tests;
