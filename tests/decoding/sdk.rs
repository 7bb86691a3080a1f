//! The two official SDKs, each behind a small program: requests in, what it understood out, a JSON object a line.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;

use super::Decoded;
use crate::support::{Request, cargo, python, root, scratch};

/// crates.io's `cloudevents-sdk`.
pub(super) fn rust() -> Command {
    let target = scratch("sdk-rust");
    cargo(["build", "--locked", "--release"], |command| {
        command
            .arg("--manifest-path")
            .arg(root().join("tests/decoding/sdk-rust/Cargo.toml"));
        command.arg("--target-dir").arg(&target);
    });
    Command::new(target.join("release/decode"))
}

/// PyPI's `cloudevents`.
pub(super) fn python_sdk() -> Command {
    let mut command = Command::new(python());
    command
        .arg("-I")
        .arg(root().join("tests/decoding/sdk-python/decode.py"));
    command
}

pub(super) fn decode(mut sdk: Command, requests: &[Request]) -> Vec<Decoded> {
    let mut child = sdk
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for request in requests {
        let headers: Vec<_> = request
            .headers
            .iter()
            .map(|(name, value)| (name, text(value)))
            .collect();
        writeln!(
            stdin,
            "{}",
            json!({"headers": headers, "body": text(&request.body)})
        )
        .unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    text(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("requests are ASCII in their head and UTF-8 in their body")
}
