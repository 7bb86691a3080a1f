//! The sink's HTTP side.

use std::io::Write;
use std::sync::Arc;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::decode::decode;
use super::printer::Printer;
use super::{NoEvent, Style};
use crate::listener::{Answer, Listener};
use crate::shutdown::Stop;

/// Bytes of one request's body: more than any intermediary has to forward (64 KiB), for batches.
const BODY: usize = 1 << 20;
/// Shows the events that come to `listener` on `output`, until that is closed or `stop` is given.
pub async fn show(
    listener: Listener,
    style: Style,
    output: impl Write + Send + 'static,
    mut stop: Stop,
) {
    let printer = Arc::new(Printer::new(style, output));
    let shown = printer.clone();
    let answers = listener.answer(move |request| {
        let printer = shown.clone();
        async move { answer(request, &printer).await }
    });
    tokio::select! {
        () = answers => {}
        () = printer.closed() => {}
        () = stop.asked() => {}
    }
}

async fn answer(request: Request<Incoming>, printer: &Printer<impl Write>) -> Answer {
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

fn text(status: StatusCode, text: &str) -> Answer {
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
