//! Tries what its arguments say, and prints a line with what came of each.
//!
//! - `environment`: prints the environment, a variable a line.
//! - `spin`: computes for ever.
//! - `flood LINES`: prints that many lines of 100 bytes.
//! - `METHOD SCHEME AUTHORITY PATH`: sends a request without a body.
//! - `authorized SCHEME AUTHORITY PATH`: sends a POST with an `Authorization` of its own.
//! - `traced SCHEME AUTHORITY PATH`: sends a POST with a `traceparent` and `tracestate` of its own.
//! - `follow SCHEME AUTHORITY PATH`: sends a POST, and then another to where the answer's `Location` says.

use wasi::http::outgoing_handler::handle;
use wasi::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};

fn main() {
    for attempt in std::env::args().skip(1) {
        if attempt == "environment" {
            std::env::vars().for_each(|(name, value)| println!("environment: {name}={value}"));
            continue;
        }
        if attempt == "spin" {
            loop {
                std::hint::black_box(());
            }
        }
        if let Some(lines) = attempt.strip_prefix("flood ") {
            for _ in 0..lines.parse().unwrap() {
                println!("flood {}", "x".repeat(93));
            }
            continue;
        }
        let words: Vec<&str> = attempt.split(' ').collect();
        let outcome = match words[..] {
            ["follow", scheme, authority, path] => follow(scheme, authority, path),
            [method, scheme, authority, path] => {
                send(method, scheme, authority, path).map(|response| response.status())
            }
            _ => panic!("no attempt: {attempt:?}"),
        };
        match outcome {
            Ok(status) => println!("{attempt}: answered {status}"),
            Err(failure) => println!("{attempt}: {failure}"),
        }
    }
}

fn follow(scheme: &str, authority: &str, path: &str) -> Result<u16, String> {
    let response = send("POST", scheme, authority, path)?;
    let location = response
        .headers()
        .get("location")
        .pop()
        .ok_or("answered without a Location")?;
    let location = String::from_utf8(location).map_err(|e| e.to_string())?;
    let (scheme, rest) = location.split_once("://").ok_or("not a whole URL")?;
    let (authority, path) = rest.split_once('/').ok_or("no path")?;
    send("POST", scheme, authority, &format!("/{path}")).map(|response| response.status())
}

fn send(
    method: &str,
    scheme: &str,
    authority: &str,
    path: &str,
) -> Result<IncomingResponse, String> {
    let headers = Fields::new();
    if method == "authorized" {
        headers
            .set("authorization", &[b"Basic guest".to_vec()])
            .map_err(|_| "the header was not taken")?;
    }
    if method == "traced" {
        let own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (name, value) in [("traceparent", own), ("tracestate", "a=b")] {
            headers
                .set(name, &[value.into()])
                .map_err(|_| "the header was not taken")?;
        }
    }
    let request = OutgoingRequest::new(headers);
    let method = match method {
        "GET" => Method::Get,
        "POST" | "authorized" | "traced" => Method::Post,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match scheme {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        "none" => None,
        other => Some(Scheme::Other(other.to_owned())),
    };
    // `none` leaves it out; the WASI host checks the syntax of the others before it takes them.
    let authority = (authority != "none").then_some(authority);
    request
        .set_method(&method)
        .map_err(|()| "the method was not taken")?;
    request
        .set_scheme(scheme.as_ref())
        .map_err(|()| "the scheme was not taken")?;
    request
        .set_authority(authority)
        .map_err(|()| "the authority was not taken")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "the path was not taken")?;
    let body = request.body().map_err(|()| "no body")?;
    OutgoingBody::finish(body, None).map_err(name)?;
    let response = handle(request, None).map_err(name)?;
    response.subscribe().block();
    response
        .get()
        .ok_or("not ready")?
        .map_err(|()| "taken twice")?
        .map_err(name)
}

fn name(error: ErrorCode) -> String {
    format!("{error:?}")
}
