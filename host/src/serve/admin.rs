//! What can be seen and done over HTTP: health, metrics, the sources and their states.

mod metrics;
mod route;

use std::net::IpAddr;

use http::header::{ALLOW, CONTENT_TYPE, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::scheduler::Refused;
use super::service::Request;
use crate::listener::{Answer, Listener};
use crate::telemetry::{Metrics, OPEN_METRICS};
use metrics::OfSource;
use route::{LONGEST_PAGE, Route, route};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The description of this interface.
const OPENAPI: &str = include_str!("admin/openapi.json");

/// Answers for ever with what the service behind `requests` says, and `metrics`.
pub(super) async fn answer(listener: Listener, requests: mpsc::Sender<Request>, metrics: Metrics) {
    let is_local = listener.address().ip().is_loopback();
    let answers = listener.answer(move |request| {
        let route = match is_foreign(request.headers(), is_local) {
            true => Route::Foreign,
            false => route(request.method(), request.uri()),
        };
        let (requests, metrics) = (requests.clone(), metrics.clone());
        async move {
            let answer = answer_to(route, &requests, &metrics).await;
            answer.unwrap_or_else(stopping)
        }
    });
    answers.await;
}

/// Whether a web page asks, from a browser of somebody who can reach this: it says where it comes from, or has had a name of its own
/// resolved to this machine.
fn is_foreign(headers: &HeaderMap, is_local: bool) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let is_name = |host: &str| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        address != "localhost" && address.parse::<IpAddr>().is_err()
    };
    headers.contains_key(ORIGIN) || is_local && host.is_some_and(|host| is_name(host.host()))
}

/// The service has ended.
struct Stopped;

async fn answer_to(
    route: Route,
    requests: &mpsc::Sender<Request>,
    metrics: &Metrics,
) -> Result<Answer, Stopped> {
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
            let sources = match by_source {
                true => Some(of_sources(requests).await?),
                false => None,
            };
            let text = metrics::text(metrics, status, sources);
            with_type(OPEN_METRICS, StatusCode::OK, text)
        }
        Route::OpenApi => with_type(JSON, StatusCode::OK, OPENAPI.to_owned()),
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
            Err(refused @ Refused::Unknown) => error(StatusCode::NOT_FOUND, &refused.to_string()),
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
        Route::Foreign => error(
            StatusCode::FORBIDDEN,
            "web pages may not ask; ask without Origin, and for localhost or an address",
        ),
        Route::BadQuery(why) => error(StatusCode::BAD_REQUEST, why),
        Route::Unknown => error(
            StatusCode::NOT_FOUND,
            "nothing is here; GET /openapi.json tells what is where",
        ),
    })
}

/// In pages, so that beats begin in between.
async fn of_sources(requests: &mpsc::Sender<Request>) -> Result<Vec<OfSource>, Stopped> {
    let mut sources = Vec::new();
    let mut from = Some(0);
    while let Some(place) = from {
        let (views, next) = ask(requests, |to| Request::Page(place, LONGEST_PAGE, to)).await?;
        sources.extend(views.into_iter().map(OfSource::from));
        from = next;
    }
    Ok(sources)
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
    with_type(JSON, status, text)
}

fn with_type(content_type: HeaderValue, status: StatusCode, text: String) -> Answer {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_pages_are_foreign() {
        for (name, value, is_local, foreign) in [
            ("host", "127.0.0.1:8081", true, false),
            ("host", "[::1]:8081", true, false),
            ("host", "localhost:8081", true, false),
            ("host", "evil.example:8081", true, true),
            ("host", "serve.sources.svc:8081", false, false),
            ("origin", "http://127.0.0.1:8081", true, true),
            ("origin", "null", false, true),
        ] {
            let headers =
                HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static(value))]);
            assert_eq!(is_foreign(&headers, is_local), foreign, "{name}: {value}");
        }
    }
}
