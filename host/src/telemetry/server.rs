//! `/metrics`, `/healthz` and `/readyz`.

use std::future::ready;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{Health, Metrics};
use crate::listener::{Answer, Listener};

/// The type of [`Metrics::text`].
pub(crate) const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers those who watch the host, for ever.
pub async fn watch(listener: Listener, metrics: Metrics, health: Health) {
    let answers = listener.answer(move |request| ready(answer(&request, &metrics, &health)));
    answers.await;
}

fn answer(request: &Request<Incoming>, metrics: &Metrics, health: &Health) -> Answer {
    let plain = |status, text: &'static str| {
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response
    };
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "use GET\n");
    }
    match request.uri().path() {
        "/metrics" => {
            let mut response = Response::new(Full::from(metrics.text()));
            response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
            response
        }
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        "/readyz" if health.is_ready() => plain(StatusCode::OK, "ready\n"),
        "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
        _ => plain(
            StatusCode::NOT_FOUND,
            "there are /metrics, /healthz and /readyz\n",
        ),
    }
}
