//! Does the harm that its first argument names, and prints what came of it where it lives to tell.

use std::hint::black_box;
use std::io::Read;
use std::net::{TcpStream, UdpSocket};

use wasi::clocks::monotonic_clock::{now, subscribe_duration};
use wasi::http::outgoing_handler::handle;
use wasi::http::types::{Fields, Method, OutgoingRequest, Scheme};
use wasi::io::streams::OutputStream;

fn main() {
    let mut args = std::env::args().skip(1);
    let attack = args.next().expect("an attack");
    match attack.as_str() {
        "loop" => spin(),
        "memory" => grow(),
        "stack" => {
            println!("{}", recurse(0));
        }
        "handles" => hold(),
        "one-header" => one_header(),
        "many-headers" => many_headers(),
        "endless-body" => body(64 << 10, 0),
        "slow-body" => body(1, 10_000_000),
        "log" => flood(),
        "sleep" => subscribe_duration(u64::MAX).block(),
        "answer" => wait_for_answer(),
        "trap" => panic!("on purpose"),
        "peek" => peek(&args.next().expect("an address")),
        other => panic!("no attack: {other:?}"),
    }
}

fn spin() {
    let mut count = 0u64;
    loop {
        count = black_box(count.wrapping_add(1));
    }
}

fn grow() {
    let mut held = Vec::new();
    loop {
        held.push(black_box(vec![1u8; 1 << 20]));
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth + 1) + frame[63]
}

fn hold() {
    let held: Vec<Fields> = (0..10_000).map(|_| Fields::new()).collect();
    println!("held {}", held.len());
}

fn one_header() {
    let outcome = Fields::new().append(&"x-filler".to_owned(), &vec![b'a'; 10 << 20]);
    println!("one header: {outcome:?}");
}

fn many_headers() {
    let fields = Fields::new();
    for count in 0..10_000 {
        if let Err(error) = fields.append(&format!("x-filler-{count}"), &vec![b'a'; 1 << 10]) {
            println!("{count} headers: {error:?}");
            return;
        }
    }
    println!("all headers were taken");
}

/// POSTs pieces of a body for ever, with a pause in nanoseconds between them.
fn body(piece: usize, pause: u64) {
    let request = request();
    let body = request.body().expect("a body");
    let stream = body.write().expect("a stream");
    let response = handle(request, None).expect("a response");
    let mut written = 0;
    while write(&stream, piece).is_ok() {
        written += piece;
        if pause > 0 {
            subscribe_duration(pause).block();
        }
    }
    drop(stream);
    drop(body);
    response.subscribe().block();
    println!("wrote {written} bytes: {:?}", response.get());
}

/// Waits for an answer, and then for all of its body.
fn wait_for_answer() {
    let response = handle(request(), None).expect("a response");
    response.subscribe().block();
    let answer = response.get().expect("ready").expect("once").expect("an answer");
    let body = answer.consume().expect("a body");
    let stream = body.stream().expect("a stream");
    while stream.blocking_read(1 << 10).is_ok() {}
    println!("the answer has ended");
}

fn request() -> OutgoingRequest {
    let sink = std::env::var("K_SINK").expect("a sink");
    let authority = sink.trim_start_matches("http://").trim_end_matches('/');
    let request = OutgoingRequest::new(Fields::new());
    request.set_method(&Method::Post).expect("a method");
    request.set_scheme(Some(&Scheme::Http)).expect("a scheme");
    request
        .set_authority(Some(authority))
        .expect("an authority");
    request.set_path_with_query(Some("/")).expect("a path");
    request
}

fn write(stream: &OutputStream, piece: usize) -> Result<(), ()> {
    stream.subscribe().block();
    let room = stream.check_write().map_err(drop)?;
    stream
        .write(&vec![b'a'; piece.min(room as usize)])
        .map_err(drop)
}

fn flood() {
    let line = "a log line that nobody asked for ".repeat(30);
    loop {
        println!("{line}");
        eprintln!("{line}");
    }
}

/// What a guest has no right to. `address`: of a server that it must not reach by a socket.
fn peek(address: &str) {
    println!(
        "preopens: {}",
        wasi::filesystem::preopens::get_directories().len()
    );
    for path in [
        "/etc/passwd",
        ".",
        "/",
        "/proc/self/environ",
        "../Cargo.toml",
    ] {
        println!(
            "file {path}: {:?}",
            std::fs::File::open(path).map(drop).is_ok()
        );
        println!(
            "directory {path}: {:?}",
            std::fs::read_dir(path).map(drop).is_ok()
        );
    }
    println!("written: {:?}", std::fs::write("/tmp/guest", "x").is_ok());
    for variable in ["PATH", "HOME", "USER", "HOSTS_SECRET", "XDG_CACHE_HOME"] {
        println!(
            "variable {variable}: {}",
            std::env::var_os(variable).is_some()
        );
    }
    let mut input = String::new();
    let _ = std::io::stdin().read_to_string(&mut input);
    println!("standard input: {:?}", input.len());
    println!("TCP: {}", TcpStream::connect(address).is_ok());
    println!("UDP: {}", UdpSocket::bind("0.0.0.0:0").is_ok());
    println!(
        "name: {}",
        std::net::ToSocketAddrs::to_socket_addrs("localhost:80").is_ok()
    );
    println!("clock: {}", now());
}
