//! The exporter's requests: by our client, but not by the one of the sources, so that neither waits for the other.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use opentelemetry_http::{HttpClient, HttpError};
use wasmtime_wasi::async_trait;

use crate::client::{Client, Timeouts};
use crate::event::Event;

/// Bytes of an answer: all that it can say is which spans were refused.
const ANSWER: usize = 64 << 10;

pub(super) struct Transport(Client);

impl Transport {
    pub(super) fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.map(|body| {
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync()
        });
        let (no_event, timeouts) = (Event::default(), Timeouts::new(None));
        let answer = self.0.send(request, &no_event, timeouts).await;
        let answer = answer.map_err(|error| {
            // The exporter keeps the reason to itself.
            tracing::debug!("no answer of the collector: {error:?}");
            format!("{error:?}")
        })?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body.boxed(), ANSWER).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}
