//! A sink on a thread of its own that answers 202 and notes what came, and when.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use bytes::Bytes;
use chrono::DateTime;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// A sink. It lives as long as the process.
#[derive(Clone)]
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    arrivals: Mutex<Vec<Arrival>>,
    /// It drops whatever connects.
    down: AtomicBool,
    /// Connections and requests that it dropped.
    dropped: Mutex<Vec<Instant>>,
}

/// One event.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    /// The event's time, in nanoseconds since the Unix epoch: when its tick was due.
    pub(crate) due: u64,
    /// How long after that it came.
    pub(crate) late: Duration,
    /// The number at the end of the source's name.
    pub(crate) source: u32,
}

impl Sink {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let sink = Self {
            address: listener.local_addr()?,
            shared: Arc::new(Shared {
                arrivals: Mutex::default(),
                down: AtomicBool::new(false),
                dropped: Mutex::default(),
            }),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shared = sink.shared.clone();
        thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || runtime.block_on(listen(listener, shared)))?;
        Ok(sink)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// From now on whatever connects is dropped, or no more.
    pub(crate) fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.shared.arrivals).len()
    }

    /// What came since this was asked last.
    pub(crate) fn take(&self) -> Vec<Arrival> {
        std::mem::take(&mut *lock(&self.shared.arrivals))
    }

    /// When it dropped something, since this was asked last.
    pub(crate) fn take_dropped(&self) -> Vec<Instant> {
        std::mem::take(&mut *lock(&self.shared.dropped))
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) -> anyhow::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(request, &shared));
            // An error is the peer's end, or ours when down.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> anyhow::Result<Response<Empty<Bytes>>> {
    let (at, now) = (Instant::now(), SystemTime::now());
    let (head, body) = request.into_parts();
    body.collect().await?;
    if shared.down.load(Ordering::Relaxed) {
        lock(&shared.dropped).push(at);
        anyhow::bail!("down");
    }
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let due: SystemTime = header("ce-time")
        .and_then(|time| DateTime::parse_from_rfc3339(time).ok())
        .context("no time")?
        .into();
    let arrival = Arrival {
        at,
        due: u64::try_from(due.duration_since(UNIX_EPOCH)?.as_nanos())?,
        late: now.duration_since(due).unwrap_or_default(),
        source: header("ce-source")
            .and_then(|source| source.rsplit_once('-')?.1.parse().ok())
            .unwrap_or_default(),
    };
    lock(&shared.arrivals).push(arrival);
    let mut response = Response::new(Empty::new());
    *response.status_mut() = hyper::StatusCode::ACCEPTED;
    Ok(response)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
