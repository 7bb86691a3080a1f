use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use super::Decoded;
use crate::support::{Request, python};

/// Reads the requests with PyPI's `cloudevents`.
pub(super) fn decode(requests: &[Request]) -> Vec<Decoded> {
    let mut command = Command::new(python());
    command
        .args(["-I", "-c", include_str!("decode.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for request in requests {
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(value)))
            .collect();
        let body = String::from_utf8_lossy(&request.body);
        writeln!(stdin, "{}", json!({"headers": headers, "body": body})).unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
