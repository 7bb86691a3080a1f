//! Bodies with a bound on their size.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::{Error, WasiBody};

use super::hits::Hits;
use crate::sandbox::Limit;

/// Passes `body` on until it is longer than `limit` allows.
pub(super) fn bounded(body: WasiBody, limit: Limit, hits: Arc<Hits>) -> WasiBody {
    let left = hits.bytes(limit);
    Bounded {
        body: Some(body),
        limit,
        left,
        hits,
    }
    .boxed_unsync()
}

struct Bounded {
    /// `None` after an error.
    body: Option<WasiBody>,
    limit: Limit,
    left: u64,
    hits: Arc<Hits>,
}

impl Body for Bounded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            _ => 0,
        };
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Poll::Ready(frame)
            }
            None => {
                self.body = None;
                Poll::Ready(Some(Err(self.hits.too_long(self.limit))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
