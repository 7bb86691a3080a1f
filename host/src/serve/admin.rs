//! What can be seen and done over HTTP: health, metrics, the sources and their states.

mod metrics;
mod route;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Request as HttpRequest, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

use super::service::Request;
use crate::Error;
use metrics::BySource;
use route::{LONGEST_PAGE, Route, route};

/// How long a client may take to send a request's head.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// After an error of the listener itself, such as too many open files.
const PAUSE: Duration = Duration::from_millis(100);

/// The description of this interface.
pub(super) const OPENAPI: &str = include_str!("admin/openapi.json");

/// An admin interface that listens already, but does not answer yet.
pub(super) struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

type Answer = Response<Full<Bytes>>;

impl Listener {
    pub(super) async fn bind(address: SocketAddr) -> Result<Self, Error> {
        let listen = |reason| Error::Admin { address, reason };
        let tcp = TcpListener::bind(address).await.map_err(listen)?;
        let address = tcp.local_addr().map_err(listen)?;
        Ok(Self { tcp, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers with what the service behind `requests` says.
    pub(super) async fn serve(self, requests: mpsc::Sender<Request>) {
        loop {
            match self.tcp.accept().await {
                Ok((tcp, _)) => drop(tokio::spawn(connection(tcp, requests.clone()))),
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

async fn connection(tcp: TcpStream, requests: mpsc::Sender<Request>) {
    let service = service_fn(|request: HttpRequest<Incoming>| {
        let requests = requests.clone();
        async move {
            let route = route(request.method(), request.uri());
            Ok::<_, Infallible>(answer(route, &requests).await.unwrap_or_else(stopping))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(tcp), service);
    if let Err(error) = connection.await {
        tracing::debug!("connection broke off: {error}");
    }
}

/// The service has ended.
struct Stopped;

async fn answer(route: Route, requests: &mpsc::Sender<Request>) -> Result<Answer, Stopped> {
    Ok(match route {
        Route::Health => json(StatusCode::OK, &json!({ "status": "ok" })),
        Route::Ready => {
            let status = ask(requests, Request::Status).await?;
            match status.ready {
                true => json(StatusCode::OK, &json!({ "status": "ok" })),
                false => error(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the manifests are being read",
                ),
            }
        }
        Route::Metrics { by_source } => {
            let status = ask(requests, Request::Status).await?;
            let mut text = metrics::text(&status);
            if by_source {
                text += &metrics_by_source(requests).await?;
            }
            with_type(
                "text/plain; version=0.0.4; charset=utf-8",
                StatusCode::OK,
                text,
            )
        }
        Route::OpenApi => with_type("application/json", StatusCode::OK, OPENAPI.to_owned()),
        Route::Sources { from, count } => {
            let (sources, next) = ask(requests, |to| Request::Page(from, count, to)).await?;
            let mut page = json!({ "sources": sources });
            if let Some(next) = next {
                page["continue"] = json!(next.to_string());
            }
            json(StatusCode::OK, &page)
        }
        Route::Source(key) => match ask(requests, |to| Request::View(key, to)).await? {
            Some(view) => json(StatusCode::OK, &view),
            None => error(StatusCode::NOT_FOUND, "there is no such source"),
        },
        Route::Act(key, action) => match ask(requests, |to| Request::Act(key, action, to)).await? {
            Ok(()) => json(StatusCode::ACCEPTED, &json!({ "status": "accepted" })),
            Err(refused @ super::scheduler::Refused::Unknown) => {
                error(StatusCode::NOT_FOUND, &refused.to_string())
            }
            Err(refused) => error(StatusCode::CONFLICT, &refused.to_string()),
        },
        Route::WrongMethod(allow) => {
            let mut answer = error(
                StatusCode::METHOD_NOT_ALLOWED,
                &format!("only {allow} here"),
            );
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static(allow));
            answer
        }
        Route::BadQuery(why) => error(StatusCode::BAD_REQUEST, why),
        Route::Unknown => error(
            StatusCode::NOT_FOUND,
            "nothing is here; GET /openapi.json tells what is where",
        ),
    })
}

/// In pages, so that beats begin in between.
async fn metrics_by_source(requests: &mpsc::Sender<Request>) -> Result<String, Stopped> {
    let mut metrics = BySource::default();
    let mut from = Some(0);
    while let Some(place) = from {
        let (views, next) = ask(requests, |to| Request::Page(place, LONGEST_PAGE, to)).await?;
        metrics.add(&views);
        from = next;
    }
    Ok(metrics.text())
}

async fn ask<T>(
    requests: &mpsc::Sender<Request>,
    request: impl FnOnce(oneshot::Sender<T>) -> Request,
) -> Result<T, Stopped> {
    let (to, answer) = oneshot::channel();
    requests.send(request(to)).await.map_err(|_| Stopped)?;
    answer.await.map_err(|_| Stopped)
}

fn stopping(_: Stopped) -> Answer {
    error(
        StatusCode::SERVICE_UNAVAILABLE,
        "this process is being stopped",
    )
}

fn error(status: StatusCode, text: &str) -> Answer {
    json(status, &json!({ "error": text }))
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    // What is written here can always be written.
    let text = serde_json::to_string(body).unwrap_or_default();
    with_type("application/json", status, text)
}

fn with_type(content_type: &'static str, status: StatusCode, text: String) -> Answer {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}
