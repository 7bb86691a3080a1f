//! One POST by `wasi:http/outgoing-handler`.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use wasi::clocks::monotonic_clock::subscribe_duration;
use wasi::http::outgoing_handler::{FutureIncomingResponse, handle};
use wasi::http::types::{
    Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions,
    Scheme as WasiScheme,
};
use wasi::io::poll::{Pollable, poll};
use wasi::io::streams::{InputStream, OutputStream, StreamError};

use super::error_code::fault;
use crate::config::{Scheme, Sink};
use crate::delivery::{Answer, Fault, Verdict, verdict};
use crate::event::Message;
use crate::pulse::nanos;
use crate::text::seconds;

/// How much of the body of an answer that is no success is read, in bytes: what a log line quotes, and not more.
const MAX_BODY: usize = 1024;

/// How long it may take to read that: a sink that never ends its answer is not worth a longer wait.
const MAX_BODY_TIME: Duration = Duration::from_millis(500);

/// POSTs a message and reads the status; returns within the time-out.
///
/// # Errors
/// Why there was no answer.
pub(super) fn send(sink: &Sink, message: &Message, timeout: Duration) -> Result<Answer, Fault> {
    let deadline = subscribe_duration(nanos(timeout));
    let request = request(sink, message)?;
    let body = request.body().map_err(|()| impossible("body"))?;
    let stream = body.write().map_err(|()| impossible("stream"))?;
    // What the platform takes at once is written before the request starts, so that a body of usual size goes out
    // with the headers.
    let written = write_now(&stream, &message.body);
    let response = handle(request, Some(options(timeout)?)).map_err(|code| fault(&code, sink))?;
    if let Ok(written) = written {
        // When this fails, the reason is in the response.
        let _ = write_rest(&stream, &message.body[written..], &deadline);
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
    answer(&wait(&response, sink, timeout, &deadline)?, &deadline)
}

fn request(sink: &Sink, message: &Message) -> Result<OutgoingRequest, Fault> {
    let authorization = sink
        .authorization
        .as_ref()
        .map(|value| ("authorization".to_owned(), value.clone()));
    let headers = message.headers.iter().cloned().chain(authorization);
    let headers: Vec<_> = headers
        .map(|(name, value)| (name, value.into_bytes()))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|_| impossible("headers"))?;
    let request = OutgoingRequest::new(headers);
    let scheme = match sink.origin.scheme {
        Scheme::Http => WasiScheme::Http,
        Scheme::Https => WasiScheme::Https,
    };
    let set = request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&scheme)))
        .and_then(|()| request.set_authority(Some(&sink.authority)))
        .and_then(|()| request.set_path_with_query(Some(&sink.target)));
    set.map_err(|()| {
        Fault::Denied(format!(
            "the platform does not take {} for a URL",
            sink.shown
        ))
    })?;
    Ok(request)
}

/// The time-outs of the platform: some know of no other way to end a connection that hangs.
fn options(timeout: Duration) -> Result<RequestOptions, Fault> {
    let options = RequestOptions::new();
    let limit = Some(nanos(timeout));
    let set = options
        .set_connect_timeout(limit)
        .and_then(|()| options.set_first_byte_timeout(limit))
        .and_then(|()| options.set_between_bytes_timeout(limit));
    set.map_err(|()| impossible("time-outs"))?;
    Ok(options)
}

fn impossible(what: &str) -> Fault {
    Fault::Denied(format!("the platform gives a request no {what}"))
}

/// How much of the body the platform took at once.
fn write_now(stream: &OutputStream, body: &[u8]) -> Result<usize, StreamError> {
    let room = usize::try_from(stream.check_write()?)
        .unwrap_or(usize::MAX)
        .min(body.len());
    stream.write(&body[..room])?;
    Ok(room)
}

fn write_rest(
    stream: &OutputStream,
    mut body: &[u8],
    deadline: &Pollable,
) -> Result<(), StreamError> {
    while !body.is_empty() {
        poll(&[&stream.subscribe(), deadline]);
        if deadline.ready() {
            return Err(StreamError::Closed);
        }
        body = &body[write_now(stream, body)?..];
    }
    Ok(())
}

fn wait(
    response: &FutureIncomingResponse,
    sink: &Sink,
    timeout: Duration,
    deadline: &Pollable,
) -> Result<IncomingResponse, Fault> {
    poll(&[&response.subscribe(), deadline]);
    match response.get() {
        Some(Ok(Ok(response))) => Ok(response),
        Some(Ok(Err(code))) => Err(fault(&code, sink)),
        Some(Err(())) => Err(impossible("answer")),
        None => Err(Fault::NoAnswer(format!(
            "no answer within {}",
            seconds(timeout)
        ))),
    }
}

/// The status, and of an answer that is no success what a log or a retry needs.
fn answer(response: &IncomingResponse, deadline: &Pollable) -> Result<Answer, Fault> {
    let status = response.status();
    if verdict(status) == Verdict::Delivered {
        return Ok(Answer {
            status,
            ..Answer::default()
        });
    }
    let retry_after = response.headers().get("retry-after").into_iter().next();
    let retry_after = retry_after.and_then(|value| String::from_utf8(value).ok());
    let mut body = Vec::new();
    if let Ok(incoming) = response.consume()
        && let Ok(stream) = incoming.stream()
    {
        read_beginning(&stream, deadline, &mut body);
    }
    Ok(Answer {
        status,
        retry_after,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

/// Reads until there is enough, the end, an error, or no time left.
fn read_beginning(stream: &InputStream, deadline: &Pollable, body: &mut Vec<u8>) {
    let patience = subscribe_duration(nanos(MAX_BODY_TIME));
    while body.len() < MAX_BODY {
        match stream.read((MAX_BODY - body.len()) as u64) {
            Ok(bytes) if !bytes.is_empty() => body.extend(bytes),
            Ok(_) => {
                poll(&[&stream.subscribe(), &patience, deadline]);
                if patience.ready() || deadline.ready() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
