//! The door `wasi:http/incoming-handler`: a request is a beat.
//!
//! Through waki's bindings, and not its `#[handler]`: that one reads a request into `http`'s maps and reports errors with
//! backtraces, which adds 110 kB to a component of half that size.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;
use waki::bindings::exports::wasi::http::incoming_handler::Guest;
use waki::bindings::wasi::http::types::{
    Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

use super::wasi_world::{WasiWorld, write_line};
use crate::config::Start;
use crate::pulse::{Beat, Delivery, World, deliver, log};

struct Door;

impl Guest for Door {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        respond(out, &answer(path, &request.method()));
    }
}

#[allow(unsafe_code, reason = "the macro makes the export")]
mod export {
    use super::Door;
    waki::bindings::export!(Door with_types_in waki::bindings);
}

/// An answer of this door.
struct Answer {
    status: u16,
    allow: Option<&'static str>,
    body: Body,
}

/// The body of an answer, as JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Body {
    Delivered {
        delivered: bool,
        id: String,
        status: u16,
        attempts: u32,
    },
    GivenUp {
        delivered: bool,
        id: String,
        attempts: u32,
        reason: String,
    },
    Error {
        error: &'static str,
    },
    Misconfigured {
        error: &'static str,
        problems: Vec<String>,
    },
    Healthy {
        status: &'static str,
    },
}

fn answer(path: &str, method: &Method) -> Answer {
    let error = |status, allow, error| Answer {
        status,
        allow,
        body: Body::Error { error },
    };
    match (path, method) {
        ("/", Method::Post) => beat(),
        ("/", _) => error(405, Some("POST"), "POST / beats"),
        ("/healthz", Method::Get) => Answer {
            status: 200,
            allow: None,
            body: Body::Healthy { status: "ok" },
        },
        ("/healthz", _) => error(405, Some("GET"), "GET /healthz tells that this runs"),
        _ => error(404, None, "POST / beats, GET /healthz tells that this runs"),
    }
}

fn beat() -> Answer {
    let mut world = WasiWorld;
    let (status, body) = match super::settings() {
        Ok(Start::Run(config)) => {
            let beat = Beat::now(1, &mut world);
            match deliver(&config, &beat, &mut world) {
                Delivery::Delivered { status, attempts } => (
                    202,
                    Body::Delivered {
                        delivered: true,
                        id: beat.id,
                        status,
                        attempts,
                    },
                ),
                Delivery::GivenUp {
                    attempts, reason, ..
                } => (
                    502,
                    Body::GivenUp {
                        delivered: false,
                        id: beat.id,
                        attempts,
                        reason,
                    },
                ),
            }
        }
        Ok(Start::Help) => (
            500,
            Body::Error {
                error: "--help is no setting of this door",
            },
        ),
        Err((problems, format)) => {
            write_line(&log::problems(&problems, format, world.wall()));
            let problems = problems.iter().map(ToString::to_string).collect();
            (
                500,
                Body::Misconfigured {
                    error: "the settings are wrong",
                    problems,
                },
            )
        }
    };
    Answer {
        status,
        allow: None,
        body,
    }
}

/// Sends an answer. Where that fails the client has gone, and there is nobody to tell.
fn respond(out: ResponseOutparam, answer: &Answer) {
    let json = serde_json::to_vec(&answer.body).unwrap_or_default();
    let headers = Fields::new();
    let _ = headers.set(&"content-type".to_owned(), &[b"application/json".to_vec()]);
    let _ = headers.set(
        &"content-length".to_owned(),
        &[json.len().to_string().into_bytes()],
    );
    if let Some(allow) = answer.allow {
        let _ = headers.set(&"allow".to_owned(), &[allow.as_bytes().to_vec()]);
    }
    let response = OutgoingResponse::new(headers);
    let _ = response.set_status_code(answer.status);
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    if let Ok(stream) = body.write() {
        for chunk in json.chunks(4096) {
            let _ = stream.blocking_write_and_flush(chunk);
        }
    }
    let _ = OutgoingBody::finish(body, None);
}
