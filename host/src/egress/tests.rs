use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use heartbeats::config::{Origin, Scheme as SinkScheme};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use tokio::time::timeout;

use super::*;
use crate::client::{Proxies, Trust};
use crate::fixture::{Server, Step};

const ACCEPTED: Step = Step::Write("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n");

fn egress_to(server: &Server, beats: &Beats) -> Egress {
    let sink = Origin {
        scheme: SinkScheme::Http,
        host: "127.0.0.1".into(),
        port: server.address.port(),
    };
    let client = Client::new(Trust::nobody(), Proxies::default()).unwrap();
    Egress::new(
        Arc::new(Policy::new(Some(sink), vec![])),
        client,
        beats.clone(),
        &Limits {
            requests: 1,
            request_bytes: 10,
            answer_bytes: 10,
            ..Limits::default()
        },
        Metrics::default(),
    )
}

fn send(egress: &mut Egress, request: Request<WasiBody>) -> Pin<Sending> {
    Box::into_pin(egress.send_request(request, None, Box::new(async { Ok(()) })))
}

async fn status(sending: Pin<Sending>) -> Result<u16, String> {
    sending
        .await
        .map(|(response, _)| response.status().as_u16())
        .map_err(|error| format!("{error:?}"))
}

#[tokio::test]
async fn a_request_to_elsewhere_opens_no_connection() {
    let (sink, other) = (
        Server::start(vec![vec![ACCEPTED]]).await,
        Server::start(vec![vec![ACCEPTED]]).await,
    );
    let mut egress = egress_to(&sink, &Beats::default());
    assert_eq!(
        status(send(&mut egress, other.request())).await,
        Err("HttpRequestDenied".into())
    );
    assert_eq!(status(send(&mut egress, sink.request())).await, Ok(202));
    assert_eq!((other.connections(), sink.connections()), (0, 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = Server::start(vec![vec![ACCEPTED]]).await;
    let redirect: &'static str = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n",
        other.address
    )
    .leak();
    let sink = Server::start(vec![vec![Step::Write(redirect)]]).await;
    assert_eq!(
        status(send(
            &mut egress_to(&sink, &Beats::default()),
            sink.request()
        ))
        .await,
        Ok(307)
    );
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn the_body_of_a_denied_request_is_taken() {
    struct Pieces(usize, Arc<AtomicUsize>);
    impl Body for Pieces {
        type Data = Bytes;
        type Error = Error;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            if self.0 == 0 {
                return Poll::Ready(None);
            }
            self.0 -= 1;
            self.1.fetch_add(1, Ordering::SeqCst);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"piece")))))
        }
    }
    let sink = Server::start(vec![vec![ACCEPTED]]).await;
    let taken = Arc::<AtomicUsize>::default();
    let body = Pieces(3, taken.clone()).boxed_unsync();
    let request = Request::post("http://elsewhere/").body(body).unwrap();
    assert!(
        status(send(&mut egress_to(&sink, &Beats::default()), request))
            .await
            .is_err()
    );
    while taken.load(Ordering::SeqCst) < 3 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn once_settled_no_request_is_started() {
    let sink = Server::start(vec![
        vec![Step::Write(
            "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n",
        )],
        vec![ACCEPTED],
    ])
    .await;
    let beats = Beats::default();
    let mut egress = egress_to(&sink, &beats);
    assert_eq!(status(send(&mut egress, sink.request())).await, Ok(503));
    beats.close();
    assert_eq!(
        status(send(&mut egress, sink.request())).await,
        Ok(202),
        "the retry of a beat in flight"
    );
    beats.settled().await;
    let late = send(&mut egress, sink.request());
    assert!(
        timeout(Duration::from_millis(50), status(late))
            .await
            .is_err()
    );
    assert_eq!(sink.requests(), 2);
}

#[tokio::test]
async fn requests_at_the_same_time_are_limited() {
    let sink = Server::start(vec![vec![Step::Wait(Duration::from_secs(60))]]).await;
    let mut egress = egress_to(&sink, &Beats::default());
    let mut first = send(&mut egress, sink.request());
    assert!(poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await);
    assert_eq!(
        status(send(&mut egress, sink.request())).await,
        Err("ConnectionLimitReached".into())
    );
    drop(first);
    let third = timeout(
        Duration::from_millis(50),
        status(send(&mut egress, sink.request())),
    )
    .await;
    assert!(third.is_err(), "its place is free again");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_an_error_in_both_directions() {
    let head = Step::Write("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n");
    let sink = Server::start(vec![vec![head, Step::Write("hello world")]]).await;
    let mut egress = egress_to(&sink, &Beats::default());
    let (response, _) = send(&mut egress, sink.request()).await.unwrap();
    let error = response.into_body().collect().await.err();
    assert_eq!(format!("{error:?}"), "Some(HttpResponseBodySize(Some(10)))");

    let long = |length: Option<&str>| {
        let body = http_body_util::Full::new(Bytes::from_static(b"hello world"));
        let mut request = Request::post(format!("http://{}/", sink.address));
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let body = body.map_err(|never| match never {}).boxed_unsync();
        request.body(body).unwrap()
    };
    for request in [long(Some("11")), long(None)] {
        assert_eq!(
            status(send(&mut egress, request)).await,
            Err("HttpRequestBodySize(Some(10))".into())
        );
    }
    assert_eq!(sink.requests(), 1);
}

#[test]
fn a_guest_can_not_write_the_headers_of_the_host() {
    assert!(is_forbidden(&AUTHORIZATION, true));
    assert!(!is_forbidden(&AUTHORIZATION, false));
    for identified in [true, false] {
        assert!(is_forbidden(&PROXY_AUTHORIZATION, identified));
        assert!(is_forbidden(&http::header::HOST, identified));
    }
}
