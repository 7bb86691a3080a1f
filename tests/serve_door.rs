//! The HTTP door, under the real `wasmtime serve`: a request is a beat.

use std::path::Path;

use crate::support::{
    Reply, Running, Sink, call, clean, component_file, guests, scratch, wasmtime,
};

#[test]
fn a_post_is_a_beat() {
    let sink = Sink::answering(202);
    let server = Server::beating_to(&sink.url());

    let reply = server.call("POST", "/");

    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(
        reply.header("content-type").as_deref(),
        Some("application/json")
    );
    let beats = sink.requests();
    assert_eq!(beats.len(), 1);
    assert!(
        reply.json().to_string().contains(&beats[0].id()),
        "the answer names the event: {reply:?}"
    );
}

#[test]
fn a_beat_that_the_sink_refuses_is_a_bad_gateway() {
    let sink = Sink::answering(400);
    let server = Server::beating_to(&sink.url());

    let reply = server.call("POST", "/");

    assert_eq!(reply.status, 502, "{reply:?}");
    assert!(reply.json().is_object());
    assert_eq!(sink.requests().len(), 1, "one attempt");
}

#[test]
fn a_sink_that_is_down_is_a_bad_gateway() {
    let sink = Sink::refusing([]);

    let reply = Server::beating_to(&sink.url()).call("POST", "/");

    assert_eq!(reply.status, 502, "{reply:?}");
    assert!(reply.json().is_object());
}

#[test]
fn the_answers_to_other_requests_send_no_beat() {
    let table = [
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/nowhere", 404),
        ("GET", "/", 405),
        ("DELETE", "/", 405),
        ("POST", "/healthz", 405),
    ];
    let sink = Sink::answering(202);
    let server = Server::beating_to(&sink.url());
    for (method, target, status) in table {
        let reply = server.call(method, target);

        assert_eq!(reply.status, status, "{method} {target}: {reply:?}");
        assert!(reply.json().is_object(), "{method} {target}: {reply:?}");
        assert_eq!(
            reply.header("allow").is_some(),
            status == 405,
            "{method} {target}: {reply:?}"
        );
    }
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_trap_behind_the_door_fails_that_request_alone() {
    let sink = Sink::answering(202);
    let server = Server::of(guests::doors(), &sink.url());

    for _ in 0..3 {
        assert_eq!(server.call("POST", "/").status, 500);
    }

    assert_eq!(sink.connections(), 0);
}

struct Server {
    authority: String,
    _running: Running,
}

impl Server {
    fn beating_to(sink: &str) -> Self {
        Self::of(component_file(), sink)
    }

    fn of(component: &Path, sink: &str) -> Self {
        let mut command = clean(wasmtime(), &scratch("cache"));
        command.args(["serve", "-Scli", "-Ccache", "--addr=127.0.0.1:0"]);
        for (name, value) in [
            ("K_SINK", sink),
            ("POD_NAME", "example-pod"),
            ("POD_NAMESPACE", "event-test"),
        ] {
            command.arg("--env").arg(format!("{name}={value}"));
        }
        command.arg(component);
        let running = Running::start(command);
        let address = running.stderr_after("Serving HTTP on http://");
        Self {
            authority: address.trim_end_matches('/').to_owned(),
            _running: running,
        }
    }

    fn call(&self, method: &str, target: &str) -> Reply {
        call(&self.authority, method, target)
    }
}
