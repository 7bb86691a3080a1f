use std::io::{BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::{DEADLINE, wire};

/// A server's answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: String,
}

/// Sends one request without a body, on a connection of its own.
pub(crate) fn call(authority: &str, method: &str, target: &str) -> Reply {
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // HTTP/1.0: the body ends with the connection, and is never chunked.
    let request =
        format!("{method} {target} HTTP/1.0\r\nHost: {authority}\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let status = wire::read_line(&mut stream).unwrap().expect("an answer");
    let status = String::from_utf8(status).unwrap();
    let headers = wire::read_headers(&mut stream).unwrap();
    let mut body = String::new();
    stream.read_to_string(&mut body).unwrap();
    Reply {
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        headers,
        body,
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let named = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}
