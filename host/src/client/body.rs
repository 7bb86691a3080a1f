//! Bodies: a time-out between the pieces of an answer, and the ends that nobody reads.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, WasiBody};

use super::failure;

/// What is read of a body that nobody wants: opening a new connection is cheaper than more than this.
const DRAIN_BYTES: u64 = 64 << 10;
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// The body of an answer.
pub struct AnswerBody {
    /// `None` once it has ended or failed.
    incoming: Option<Incoming>,
    between_bytes: Duration,
    /// Set only while a piece is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    slot: Option<OwnedSemaphorePermit>,
}

impl AnswerBody {
    pub(super) fn new(incoming: Incoming, between_bytes: Duration) -> Self {
        Self {
            incoming: Some(incoming),
            between_bytes,
            timer: None,
            slot: None,
        }
    }

    /// Keeps `slot` until the body is dropped.
    pub(crate) fn holding(mut self, slot: OwnedSemaphorePermit) -> Self {
        self.slot = Some(slot);
        self
    }

    /// The type that wasmtime takes.
    pub(crate) fn boxed(self) -> WasiBody {
        self.boxed_unsync()
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(incoming).poll_frame(cx) {
            self.timer = None;
            return Poll::Ready(frame.map(|frame| {
                frame.map_err(|error| {
                    tracing::debug!("answer broke off: {error:?}");
                    failure::of_answer(&error)
                })
            }));
        }
        let between_bytes = self.between_bytes;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep(between_bytes)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.poll_incoming(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.incoming = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }
}

/// Most guests want only the status. What is left of the body is read all the same, so that the connection can be used again.
impl Drop for AnswerBody {
    fn drop(&mut self) {
        let Some(incoming) = self
            .incoming
            .take()
            .filter(|incoming| !incoming.is_end_stream())
        else {
            return;
        };
        if incoming.size_hint().lower() > DRAIN_BYTES {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(drain(incoming));
        }
    }
}

/// Takes what a guest still writes into a request that will not be sent.
pub fn drain_request(body: WasiBody) {
    tokio::spawn(drain(body));
}

async fn drain(mut body: impl Body<Data = Bytes> + Unpin) {
    let read = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, |data| data.len() as u64);
            if read > DRAIN_BYTES {
                break;
            }
        }
    };
    // Whether it ended or was given up makes no difference: either way the body is dropped.
    let _ = timeout(DRAIN_TIME, read).await;
}
