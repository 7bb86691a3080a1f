use std::collections::BTreeMap;

use super::case::{Exit, Expect};
use crate::support::{Ended, Request, percent_decoded};

/// All in which a run was not as expected.
pub(crate) fn faults(expect: &Expect, ended: &Ended, requests: &[Request]) -> Vec<String> {
    let mut faults = Faults(Vec::new());
    let status = match expect.exit {
        Exit::Ok => 0,
        Exit::Fail => 1,
    };
    faults.unless_equal("exit status", &Some(status), &ended.status.code());
    faults.unless_equal("requests", &expect.requests, &requests.len());
    for request in requests {
        faults.of_every_request(request);
        faults.unless_equal(
            "Authorization",
            &expect.authorization,
            &request.all("authorization").pop(),
        );
        if let Some(target) = &expect.target {
            faults.unless_equal("target", target, &request.target);
        }
        if let Some(ce) = &expect.ce {
            faults.unless_equal("ce headers, decoded", ce, &decoded_ce(request));
        }
        if let Some(body) = &expect.body {
            faults.unless_equal(
                "body",
                &Ok(body.clone()),
                &serde_json::from_slice(&request.body).map_err(|e| e.to_string()),
            );
        }
    }
    if expect.same_id {
        for pair in requests.windows(2) {
            faults.unless_equal(
                "ce-id of the next attempt",
                &pair[0].all("ce-id"),
                &pair[1].all("ce-id"),
            );
        }
    }
    faults.0
}

struct Faults(Vec<String>);

impl Faults {
    fn unless_equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, came: &T) {
        if expected != came {
            self.0
                .push(format!("{what}: expected {expected:?}, came {came:?}"));
        }
    }

    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }

    /// What README.md lists under "Always".
    fn of_every_request(&mut self, request: &Request) {
        self.unless_equal("method", &"POST", &request.method.as_str());
        self.unless_equal(
            "Content-Length",
            &vec![request.body.len().to_string()],
            &request.all("content-length"),
        );
        self.unless_equal(
            "Transfer-Encoding",
            &vec![],
            &request.all("transfer-encoding"),
        );
        self.unless_equal(
            "Content-Type",
            &vec!["application/json".to_owned()],
            &request.all("content-type"),
        );
        self.unless_equal(
            "ce-specversion",
            &vec!["1.0".to_owned()],
            &request.all("ce-specversion"),
        );
        let id = request.all("ce-id");
        self.unless(id.len() == 1 && is_uuid_v4(&id[0]), || {
            format!("ce-id is not one UUID v4: {id:?}")
        });
        let time = request.all("ce-time");
        self.unless(time.len() == 1 && is_utc(&time[0]), || {
            format!("ce-time is not one time in UTC: {time:?}")
        });
        for (name, value) in ce_headers(request) {
            let allowed = value
                .iter()
                .all(|byte| matches!(byte, 0x21..=0x7e) && *byte != b'"');
            self.unless(allowed, || {
                format!(
                    "{name} holds what a header value must not: {:?}",
                    String::from_utf8_lossy(value)
                )
            });
        }
    }
}

fn ce_headers(request: &Request) -> impl Iterator<Item = (String, &Vec<u8>)> {
    let lowered = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value));
    lowered.filter(|(name, _)| name.starts_with("ce-"))
}

/// The attributes, but those that differ in each run or were looked at already. A name that comes twice shows.
fn decoded_ce(request: &Request) -> BTreeMap<String, String> {
    let mut decoded = BTreeMap::new();
    for (name, value) in ce_headers(request) {
        if !matches!(name.as_str(), "ce-id" | "ce-time" | "ce-specversion") {
            let value = String::from_utf8(percent_decoded(value))
                .unwrap_or_else(|e| format!("not UTF-8: {:?}", e.as_bytes()));
            let seen = decoded.entry(name).or_insert_with(|| value.clone());
            if *seen != value {
                *seen += &format!(" and again: {value}");
            }
        }
    }
    decoded
}

fn is_uuid_v4(id: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => byte == b'4',
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    id.len() == 36 && id.bytes().enumerate().all(shape)
}

/// `2026-11-22T19:12:21.959296083Z`, with any number of digits after the point, or none.
fn is_utc(time: &str) -> bool {
    let Some(time) = time.strip_suffix('Z') else {
        return false;
    };
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let shape = |(pattern, byte): (u8, u8)| {
        if pattern == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == pattern
        }
    };
    let pattern = "0000-00-00T00:00:00";
    seconds.len() == pattern.len()
        && pattern.bytes().zip(seconds.bytes()).all(shape)
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}
