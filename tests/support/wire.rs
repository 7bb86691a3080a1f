use std::io::{self, BufRead, Read};
use std::time::Instant;

use super::Request;

/// Reads one request; `None` is the clean end of a connection.
pub(crate) fn read_request(
    from: &mut impl BufRead,
    connection: usize,
) -> io::Result<Option<Request>> {
    let Some(first) = read_line(from)? else {
        return Ok(None);
    };
    let first = String::from_utf8_lossy(&first).into_owned();
    let (method, rest) = first.split_once(' ').ok_or_else(|| malformed(&first))?;
    let (target, _version) = rest.rsplit_once(' ').ok_or_else(|| malformed(&first))?;
    let headers = read_headers(from)?;
    let mut request = Request {
        method: method.into(),
        target: target.into(),
        headers,
        body: Vec::new(),
        at: Instant::now(),
        connection,
        taken: false,
    };
    request.body = read_body(from, &request)?;
    request.at = Instant::now();
    Ok(Some(request))
}

pub(crate) fn read_headers(from: &mut impl BufRead) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?.ok_or_else(cut_short)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let colon = line
            .iter()
            .position(|b| *b == b':')
            .ok_or_else(|| malformed(&String::from_utf8_lossy(&line)))?;
        let value = line[colon + 1..].trim_ascii();
        headers.push((
            String::from_utf8_lossy(&line[..colon]).into_owned(),
            value.to_vec(),
        ));
    }
}

fn read_body(from: &mut impl BufRead, request: &Request) -> io::Result<Vec<u8>> {
    if request
        .header("transfer-encoding")
        .is_some_and(|v| v.eq_ignore_ascii_case("chunked"))
    {
        return read_chunks(from);
    }
    let length = request
        .header("content-length")
        .map_or(Ok(0), |v| v.parse())
        .map_err(io::Error::other)?;
    read_exactly(from, length)
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?.ok_or_else(cut_short)?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let length = usize::from_str_radix(line.trim(), 16).map_err(|_| malformed(&line))?;
        body.extend(read_exactly(from, length)?);
        if body.len() > LONGEST {
            return Err(io::Error::other("a body without end"));
        }
        read_line(from)?.ok_or_else(cut_short)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// Bytes of a body: more than any event has.
const LONGEST: usize = 4 << 20;

fn read_exactly(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A line without its end; `None` if there is not one byte more.
pub(crate) fn read_line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    line.pop_if(|b| *b == b'\n').ok_or_else(cut_short)?;
    line.pop_if(|b| *b == b'\r');
    Ok(Some(line))
}

fn cut_short() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

fn malformed(line: &str) -> io::Error {
    io::Error::other(format!("not HTTP: {line:?}"))
}
