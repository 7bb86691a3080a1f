//! Events in structured mode: their attributes stand in the body, so its beginning is read before it is sent.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use heartbeats::event::percent;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use serde::Deserialize;
use tokio::time::timeout;
use wasmtime_wasi_http::{Error, WasiBody};

use super::Event;

/// Every intermediary takes events up to this size; longer ones are not looked into.
const LONGEST: usize = 64 << 10;
/// How long a guest may take to write an event that is looked into.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the request tells, by its headers or, in structured mode, its body. The body is passed on unchanged.
pub(crate) async fn look_into(request: Request<WasiBody>) -> (Request<WasiBody>, Event) {
    if !is_structured(request.headers()) {
        let event = Event::of(request.headers());
        return (request, event);
    }
    let (head, body) = request.into_parts();
    let mut body = Read {
        beginning: BytesMut::new(),
        other: None,
        rest: body,
    };
    let event = match timeout(PATIENCE, body.read()).await {
        Ok(Some(text)) => attributes(text).unwrap_or_default(),
        _ => Event::default(),
    };
    (Request::from_parts(head, body.boxed_unsync()), event)
}

fn is_structured(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    let media_type = value.and_then(|value| value.split(';').next());
    media_type.is_some_and(|of| {
        of.trim()
            .eq_ignore_ascii_case("application/cloudevents+json")
    })
}

fn attributes(text: &[u8]) -> Option<Event> {
    #[derive(Deserialize)]
    struct Attributes<'a> {
        #[serde(borrow)]
        id: Cow<'a, str>,
        #[serde(borrow)]
        source: Option<Cow<'a, str>>,
        #[serde(borrow)]
        r#type: Option<Cow<'a, str>>,
    }
    let read: Attributes = serde_json::from_slice(text).ok()?;
    let value = |text: &str| HeaderValue::from_str(&percent::encode(text)).ok();
    Some(Event {
        id: value(&read.id),
        source: read.source.as_deref().and_then(value),
        r#type: read.r#type.as_deref().and_then(value),
    })
}

/// A body whose beginning has been read.
struct Read {
    beginning: BytesMut,
    /// What is no data: an error, or the trailers.
    other: Option<Result<Frame<Bytes>, Error>>,
    rest: WasiBody,
}

impl Read {
    /// Reads all of it; `None` if it is too long or broken.
    async fn read(&mut self) -> Option<&[u8]> {
        while let Some(frame) = self.rest.frame().await {
            match frame.map(Frame::into_data) {
                // Pieces are put together: a guest that writes byte by byte must not cost more than the bytes.
                Ok(Ok(data)) => self.beginning.extend_from_slice(&data),
                Ok(Err(other)) => {
                    self.other = Some(Ok(other));
                    return None;
                }
                Err(error) => {
                    self.other = Some(Err(error));
                    return None;
                }
            }
            if self.beginning.len() > LONGEST {
                return None;
            }
        }
        Some(&self.beginning)
    }
}

impl Body for Read {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.beginning.is_empty() {
            let beginning = self.beginning.split().freeze();
            return Poll::Ready(Some(Ok(Frame::data(beginning))));
        }
        match self.other.take() {
            Some(other) => Poll::Ready(Some(other)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.beginning.is_empty() && self.other.is_none() && self.rest.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const EVENT: &str =
        r#"{"specversion":"1.0","id":"a b","source":"/s","type":"t","data":{"id":1}}"#;

    fn request(content_type: &str, body: WasiBody) -> Request<WasiBody> {
        Request::post("http://sink/")
            .header(CONTENT_TYPE, content_type)
            .body(body)
            .unwrap()
    }

    fn full(text: impl Into<Bytes>) -> WasiBody {
        Full::new(text.into())
            .map_err(|never| match never {})
            .boxed_unsync()
    }

    async fn looked_into(content_type: &str, text: &str) -> Option<HeaderValue> {
        let request = request(content_type, full(text.to_owned()));
        let (request, event) = look_into(request).await;
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(sent, text, "passed on unchanged");
        event.id
    }

    #[tokio::test]
    async fn an_event_in_structured_mode_is_known_by_its_body() {
        let (_, event) = look_into(request(
            "Application/CloudEvents+JSON; charset=utf-8",
            full(EVENT),
        ))
        .await;
        assert_eq!(event.id.unwrap(), "a%20b", "as a header has it");
        assert_eq!(event.source.unwrap(), "/s");
        assert_eq!(event.r#type.unwrap(), "t");
    }

    #[tokio::test]
    async fn what_is_no_such_event_has_no_id_and_is_passed_on() {
        const STRUCTURED: &str = "application/cloudevents+json";
        let long = format!(r#"{{"id":"a","data":"{}"}}"#, "x".repeat(LONGEST));
        for (content_type, text) in [
            ("application/json", EVENT),
            ("application/cloudevents-batch+json", EVENT),
            (STRUCTURED, ""),
            (STRUCTURED, "{"),
            (STRUCTURED, "[]"),
            (STRUCTURED, r#"{"id":1}"#),
            (STRUCTURED, r#"{"id":"a","id":"b"}"#),
            (STRUCTURED, &"[".repeat(1000)),
            (STRUCTURED, &long),
        ] {
            assert_eq!(looked_into(content_type, text).await, None, "{text:.20}");
        }
        assert_eq!(looked_into(STRUCTURED, EVENT).await.unwrap(), "a%20b");
    }

    /// Some bytes, and then nothing more, but no end either.
    struct Endless(Option<Bytes>);

    impl Body for Endless {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }
    }

    #[tokio::test]
    async fn a_guest_that_does_not_finish_its_event_is_not_waited_for() {
        let body = Endless(Some(Bytes::from_static(b"{"))).boxed_unsync();
        let (request, event) = look_into(request("application/cloudevents+json", body)).await;
        assert_eq!(event, Event::default());
        let mut body = request.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "{");
    }
}
