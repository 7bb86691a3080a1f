//! A scripted HTTP server on a real socket, for the tests of this crate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::WasiBody;

/// What the server does about one request.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Writes these bytes.
    Write(&'static str),
    /// Waits this long.
    Wait(Duration),
    /// Closes the connection.
    Close,
}

/// Counts what reaches it, and answers each request with the next script; the last one is repeated.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (accepted, received) = (connections.clone(), requests.clone());
        let scripts = Arc::new(scripts);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(play(tcp, scripts.clone(), received.clone()));
            }
        });
        Self {
            address,
            connections,
            requests,
        }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn request(&self) -> Request<WasiBody> {
        post(&format!("http://{}/", self.address))
    }
}

/// A request with a body of two bytes.
pub(crate) fn post(uri: &str) -> Request<WasiBody> {
    let body = Full::new(Bytes::from_static(b"{}"))
        .map_err(|never| match never {})
        .boxed_unsync();
    Request::post(uri)
        .header("content-length", "2")
        .body(body)
        .unwrap()
}

/// Whether this is a request with a JSON object in it.
fn is_whole(request: &[u8]) -> bool {
    let mut windows = request.windows(4);
    windows.any(|window| window == b"\r\n\r\n") && request.ends_with(b"}")
}

async fn play(mut tcp: TcpStream, scripts: Arc<Vec<Vec<Step>>>, received: Arc<AtomicUsize>) {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        while !is_whole(&seen) {
            match tcp.read(&mut piece).await {
                Ok(read) if read > 0 => seen.extend_from_slice(&piece[..read]),
                _ => return,
            }
        }
        seen.clear();
        let number = received.fetch_add(1, Ordering::SeqCst);
        for step in &scripts[number.min(scripts.len() - 1)] {
            match step {
                Step::Write(bytes) => tcp.write_all(bytes.as_bytes()).await.unwrap(),
                Step::Wait(time) => tokio::time::sleep(*time).await,
                Step::Close => return,
            }
        }
    }
}
