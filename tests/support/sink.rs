use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
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
    /// Bound and never listening: keeps the port while the sink refuses connections.
    _port: OwnedFd,
}

/// How a sink behaves, all in all.
#[derive(Clone, Debug, Default)]
struct Manner {
    /// One for each request, in order; the last one serves all that follow.
    script: Vec<Answer>,
    /// Answers for request targets of their own.
    paths: HashMap<String, Answer>,
    /// One for each connection, in order; the last one holds for all that follow.
    greetings: Vec<Greeting>,
}

/// What a sink does with a connection before any request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Greeting {
    #[default]
    Serve,
    /// Reads nothing, and holds it open.
    Deaf,
    /// Ends it.
    Close,
    /// Ends it by a TCP reset.
    Reset,
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
    /// How often it was opened and closed; odd while it is open.
    turns: usize,
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
                ..Manner::default()
            },
            None,
        )
        .opened()
    }

    /// Accepts connections and reads nothing from them.
    pub(crate) fn deaf() -> Self {
        Self::greeting([Greeting::Deaf], [])
    }

    /// Greets each connection by the next of these, and those that it serves go by the script.
    pub(crate) fn greeting(
        greetings: impl IntoIterator<Item = Greeting>,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Self {
        Self::bound(
            Manner {
                script: answers.into_iter().collect(),
                greetings: greetings.into_iter().collect(),
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
        let port = socket_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = rustix::net::getsockname(&port).unwrap();
        let shared = Shared {
            manner,
            tls,
            seen: Mutex::default(),
            changed: Condvar::new(),
        };
        Self {
            address: address.try_into().unwrap(),
            shared: Arc::new(shared),
            _port: port,
        }
    }

    fn opened(self) -> Self {
        self.open();
        self
    }

    /// Accepts connections from now on.
    pub(crate) fn open(&self) {
        let listener = socket_at(self.address);
        rustix::net::listen(&listener, 128).unwrap();
        let turn = self.shared.turn();
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || shared.accept(&TcpListener::from(listener), turn));
    }

    /// Ends all connections and refuses new ones until it is [opened](Self::open) again.
    pub(crate) fn close(&self) {
        self.shared.turn();
        self.end_connections();
        // Nobody listens once the accepting thread has gone.
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
        self.end_connections();
    }

    fn end_connections(&self) {
        for stream in self.shared.seen.lock().unwrap().streams.iter().flatten() {
            // The peer may have closed it first.
            let _ = stream.shutdown(Shutdown::Both);
        }
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
        drop(seen);
        self.end_connections();
        self.shared.changed.notify_all();
        // Wakes the accepting thread, if there is one, so that it sees the end.
        let _ = TcpStream::connect(self.address);
    }
}

/// A program that a test starts must not inherit it: then it would listen on after its sink is closed.
fn socket() -> OwnedFd {
    #[cfg(not(target_vendor = "apple"))]
    let socket = rustix::net::socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    );
    #[cfg(target_vendor = "apple")]
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
    socket.unwrap()
}

/// Others of this sink may have the same address: on Linux that is no conflict while at most one of them listens.
fn socket_at(address: SocketAddr) -> OwnedFd {
    let socket = socket();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    rustix::net::bind(&socket, &address).unwrap();
    socket
}

impl Shared {
    /// Opens or closes the sink.
    fn turn(&self) -> usize {
        let mut seen = self.seen.lock().unwrap();
        seen.turns += 1;
        seen.turns
    }

    fn accept(self: Arc<Self>, listener: &TcpListener, turn: usize) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let mut seen = self.seen.lock().unwrap();
            if seen.dropped || seen.turns != turn {
                return;
            }
            seen.streams.push(Some(stream.try_clone().unwrap()));
            let connection = seen.streams.len();
            drop(seen);
            self.changed.notify_all();
            let shared = Arc::clone(&self);
            thread::spawn(move || {
                if let Err(error) = shared.attend(stream, connection) {
                    let mut seen = shared.seen.lock().unwrap();
                    seen.broken.push(error.to_string());
                    // The last handle: with it the connection ends, read or not.
                    seen.streams[connection - 1] = None;
                    drop(seen);
                    shared.changed.notify_all();
                }
            });
        }
    }

    fn attend(&self, stream: TcpStream, connection: usize) -> io::Result<()> {
        let greetings = &self.manner.greetings;
        match greetings.get(connection - 1).or(greetings.last()) {
            Some(Greeting::Deaf) => {
                self.rest_until(None);
                return Ok(());
            }
            Some(Greeting::Close) => return stream.shutdown(Shutdown::Both),
            Some(Greeting::Reset) => return self.reset(&stream, connection),
            Some(Greeting::Serve) | None => {}
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
                Answer::Rst => return self.reset(socket, connection),
                Answer::Silence => self.rest_until(None),
                Answer::Drip { data, pause } => {
                    for byte in data.bytes() {
                        self.rest_until(Some(Instant::now() + pause));
                        if peer.get_mut().write_all(&[byte]).is_err() {
                            break;
                        }
                    }
                    break;
                }
                Answer::Endless { head, piece } => {
                    let mut written = peer.get_mut().write_all(head.as_bytes());
                    while written.is_ok() {
                        written = peer.get_mut().write_all(piece.as_bytes());
                    }
                    break;
                }
            }
        }
        // A peer that has had enough may have closed it first.
        let _ = socket.shutdown(Shutdown::Both);
        Ok(())
    }

    /// The reset is sent when the caller drops its handle: only the last one's close sends it, so the one that is kept
    /// for the end of the sink is given up here.
    fn reset(&self, socket: &TcpStream, connection: usize) -> io::Result<()> {
        sockopt::set_socket_linger(socket, Some(Duration::ZERO))?;
        self.seen.lock().unwrap().streams[connection - 1] = None;
        Ok(())
    }

    /// Keeps the request, and picks its answer.
    fn record(&self, mut request: Request) -> Answer {
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
        request.taken = answer.delivers();
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
