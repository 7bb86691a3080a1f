use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, sockopt};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{Answer, Authority, DEADLINE, Request, wire};

/// A server on a port of its own that records every request raw and answers as told.
pub(crate) struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// The socket of a sink that still refuses: bound, so that nobody else gets the port, but not listening.
    closed: Option<TcpListener>,
}

/// How a sink behaves, all in all.
#[derive(Clone, Debug, Default)]
struct Manner {
    /// One for each request, in order; the last one serves all that follow.
    script: Vec<Answer>,
    /// Answers for request targets of their own.
    paths: HashMap<String, Answer>,
    /// Accepts connections and reads nothing.
    deaf: bool,
}

struct Shared {
    manner: Manner,
    tls: Option<Arc<ServerConfig>>,
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    /// One for each connection, to end them with the sink; `None` when it was reset.
    streams: Vec<Option<TcpStream>>,
    /// What was not HTTP, or came to a sudden end.
    broken: Vec<String>,
    dropped: bool,
}

impl Sink {
    pub(crate) fn answering(answer: impl Into<Answer>) -> Self {
        Self::script([answer.into()])
    }

    /// Answers each request by the next of these, and all that follow by the last.
    pub(crate) fn script(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::refusing(answers).opened()
    }

    /// Answers by the request target, or else by `default`.
    pub(crate) fn with_paths(default: Answer, paths: HashMap<String, Answer>) -> Self {
        Self::bound(
            Manner {
                script: vec![default],
                paths,
                deaf: false,
            },
            None,
        )
        .opened()
    }

    /// Accepts connections and reads nothing from them.
    pub(crate) fn deaf() -> Self {
        Self::bound(
            Manner {
                deaf: true,
                ..Manner::default()
            },
            None,
        )
        .opened()
    }

    /// Speaks https, with a certificate by this authority.
    pub(crate) fn with_tls(answer: impl Into<Answer>, authority: &Authority) -> Self {
        Self::with_server(answer, authority.server())
    }

    /// Speaks https in a way of its own.
    pub(crate) fn with_server(answer: impl Into<Answer>, server: Arc<ServerConfig>) -> Self {
        let manner = Manner {
            script: vec![answer.into()],
            ..Manner::default()
        };
        Self::bound(manner, Some(server)).opened()
    }

    /// Refuses connections until it is [opened](Self::open), then goes by the script.
    pub(crate) fn refusing(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::bound(
            Manner {
                script: answers.into_iter().collect(),
                ..Manner::default()
            },
            None,
        )
    }

    fn bound(manner: Manner, tls: Option<Arc<ServerConfig>>) -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let listener = TcpListener::from(socket);
        let shared = Shared {
            manner,
            tls,
            seen: Mutex::default(),
            changed: Condvar::new(),
        };
        Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::new(shared),
            closed: Some(listener),
        }
    }

    fn opened(mut self) -> Self {
        self.open();
        self
    }

    pub(crate) fn open(&mut self) {
        let listener = self.closed.take().expect("a sink is opened once");
        rustix::net::listen(&listener, 128).unwrap();
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || shared.accept(&listener));
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// `HOST:PORT`.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}/", self.address)
    }

    /// What it read so far. A request that was not HTTP fails the test.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().requests.clone()
    }

    /// What it read when at least `count` requests have come.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        self.wait_until(&format!("{count} requests"), |seen| {
            seen.requests.len() >= count
        });
        self.requests()
    }

    pub(crate) fn wait_for_connections(&self, count: usize) {
        self.wait_until(&format!("{count} connections"), |seen| {
            seen.streams.len() >= count
        });
    }

    fn wait_until(&self, what: &str, come: impl Fn(&Seen) -> bool) {
        let seen = self.shared.seen.lock().unwrap();
        let (seen, wait) = self
            .shared
            .changed
            .wait_timeout_while(seen, DEADLINE, |seen| !come(seen))
            .unwrap();
        let (requests, broken) = (&seen.requests, &seen.broken);
        assert!(
            !wait.timed_out(),
            "no {what} within {DEADLINE:?}; came: {requests:#?}; broken: {broken:#?}"
        );
    }

    /// How many connections were opened, with or without a request.
    pub(crate) fn connections(&self) -> usize {
        self.shared.seen.lock().unwrap().streams.len()
    }

    /// What came and was not a whole request.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().broken.clone()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut seen = self.shared.seen.lock().unwrap();
        seen.dropped = true;
        for stream in seen.streams.iter().flatten() {
            // The peer may have closed it first.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(seen);
        self.shared.changed.notify_all();
        if self.closed.is_none() {
            // Wakes the accepting thread, so that it sees the end.
            let _ = TcpStream::connect(self.address);
        }
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let mut seen = self.seen.lock().unwrap();
            if seen.dropped {
                return;
            }
            seen.streams.push(Some(stream.try_clone().unwrap()));
            let connection = seen.streams.len();
            drop(seen);
            self.changed.notify_all();
            let shared = Arc::clone(&self);
            thread::spawn(move || {
                if let Err(error) = shared.attend(stream, connection) {
                    shared.seen.lock().unwrap().broken.push(error.to_string());
                    shared.changed.notify_all();
                }
            });
        }
    }

    fn attend(&self, stream: TcpStream, connection: usize) -> io::Result<()> {
        if self.manner.deaf {
            self.rest_until(None);
            return Ok(());
        }
        stream.set_nodelay(true)?;
        match &self.tls {
            None => self.converse(&stream, &stream, connection),
            Some(tls) => {
                let tls = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
                self.converse(StreamOwned::new(tls, &stream), &stream, connection)
            }
        }
    }

    fn converse(
        &self,
        peer: impl Read + Write,
        socket: &TcpStream,
        connection: usize,
    ) -> io::Result<()> {
        let mut peer = BufReader::new(peer);
        while let Some(request) = wire::read_request(&mut peer, connection)? {
            let answer = self.record(request);
            match answer {
                Answer::Respond(answer) => {
                    self.rest_until(Some(Instant::now() + answer.delay()));
                    peer.get_mut().write_all(&answer.bytes())?;
                    peer.get_mut().flush()?;
                    if !answer.keeps_alive() {
                        break;
                    }
                }
                Answer::Raw { data } => {
                    peer.get_mut().write_all(data.as_bytes())?;
                    peer.get_mut().flush()?;
                    break;
                }
                Answer::Close => break,
                Answer::Rst => {
                    sockopt::set_socket_linger(socket, Some(Duration::ZERO))?;
                    // Only the last handle's close sends the reset: give up the one that is kept for the end of the sink.
                    self.seen.lock().unwrap().streams[connection - 1] = None;
                    return Ok(());
                }
                Answer::Silence => self.rest_until(None),
            }
        }
        socket.shutdown(Shutdown::Both)
    }

    /// Keeps the request, and picks its answer.
    fn record(&self, request: Request) -> Answer {
        let mut seen = self.seen.lock().unwrap();
        let script = &self.manner.script;
        let by_turn = || {
            script
                .get(seen.requests.len())
                .or(script.last())
                .expect("a sink has an answer")
        };
        let answer = self
            .manner
            .paths
            .get(&request.target)
            .unwrap_or_else(by_turn)
            .clone();
        seen.requests.push(request);
        drop(seen);
        self.changed.notify_all();
        answer
    }

    /// Does nothing until then, or until the sink is dropped.
    fn rest_until(&self, then: Option<Instant>) {
        let mut seen = self.seen.lock().unwrap();
        while !seen.dropped {
            let left = then.map_or(DEADLINE, |then| {
                then.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return;
            }
            seen = self.changed.wait_timeout(seen, left).unwrap().0;
        }
    }
}
