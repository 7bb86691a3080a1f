//! What a guest in our host cannot do: read the host's environment, reach anything but its sink.

use std::path::Path;

use crate::support::{Answer, Ended, Sink, Source, guests, lines_with};

#[test]
fn a_guest_sees_the_contracts_variables_and_those_named_and_no_others() {
    let sink = Sink::answering(202);

    let ended = guest(guests::egress(), &sink)
        .one_shot()
        .set("K_CE_OVERRIDES", "")
        .env("HOSTS_SECRET", "hidden")
        .env("FORWARDED", "seen")
        .option("--env=FORWARDED=seen")
        .option("--env=GIVEN=a=b")
        .flag("environment")
        .run()
        .succeeded();

    let mut seen: Vec<_> = lines_with(&ended.stdout, "environment: ")
        .iter()
        .map(|line| after(line, "environment: "))
        .collect();
    seen.sort_unstable();
    let k_sink = format!("K_SINK={}", sink.url());
    let expected = [
        "FORWARDED=seen",
        "GIVEN=a=b",
        "K_CE_OVERRIDES=",
        &k_sink,
        "ONE_SHOT=true",
        "POD_NAME=example-pod",
        "POD_NAMESPACE=event-test",
    ];
    assert_eq!(seen, expected, "{ended:#?}");
}

#[test]
fn a_guest_reaches_its_sink_whatever_the_path() {
    let sink = Sink::answering(202);
    let attempts = [
        format!("POST http {} /", sink.authority()),
        format!("GET http {} /other?x=1", sink.authority()),
    ];

    let ended = attempting(&sink, &attempts);

    for attempt in &attempts {
        assert_eq!(outcome(&ended, attempt), "answered 202");
    }
}

#[test]
fn a_guest_reaches_nothing_but_its_sink() {
    let (sink, other) = (Sink::answering(202), Sink::answering(202));
    let attempts = forbidden(&sink, &other);

    let ended = attempting(&sink, &attempts);

    let allowed: Vec<_> = attempts
        .iter()
        .filter(|attempt| !is_denied(&outcome(&ended, attempt)))
        .collect();
    assert!(allowed.is_empty(), "not denied: {allowed:#?} in {ended:#?}");
    assert_eq!(
        (sink.connections(), other.connections()),
        (0, 0),
        "a denial opens no connection"
    );
}

#[test]
fn a_malformed_request_reaches_nothing() {
    let sink = Sink::answering(202);
    let (at, port) = (sink.authority(), sink.port());
    let malformed = [
        "127.0.0.1:".to_owned(),
        format!(":{port}"),
        "127.0.0.1:99999".to_owned(),
        "127.0.0.1:port".to_owned(),
        format!("127.0.0.1:+{port}"),
        format!("{at}:{port}"),
        format!("{at}/"),
        format!("{at}#"),
        format!("{at}\\"),
        "@".to_owned(),
        "[".to_owned(),
        "none".to_owned(),
    ];
    let mut attempts = malformed
        .map(|authority| format!("POST http {authority} /"))
        .to_vec();
    attempts.push(format!("POST none {at} /"));

    let ended = attempting(&sink, &attempts);

    // What WASI itself does not take never comes as far as the policy.
    let by_wasi = [
        "was not taken",
        "HttpRequestUriInvalid",
        "HttpProtocolError",
    ];
    let refused =
        |outcome: &str| is_denied(outcome) || by_wasi.iter().any(|reason| outcome.contains(reason));
    let allowed: Vec<_> = attempts
        .iter()
        .filter(|attempt| !refused(&outcome(&ended, attempt)))
        .collect();
    assert!(
        allowed.is_empty(),
        "not refused: {allowed:#?} in {ended:#?}"
    );
    assert_eq!(sink.connections(), 0);
}

#[test]
fn a_guest_that_follows_a_redirect_by_itself_gets_no_further() {
    let other = Sink::answering(202);
    let sink = Sink::answering(Answer::with_header(
        307,
        "Location",
        &format!("{}stolen", other.url()),
    ));
    let attempt = format!("follow http {} /", sink.authority());

    let ended = attempting(&sink, std::slice::from_ref(&attempt));

    assert!(is_denied(&outcome(&ended, &attempt)), "{ended:#?}");
    assert_eq!((sink.requests().len(), other.connections()), (1, 0));
}

#[test]
fn the_host_follows_no_redirect() {
    let other = Sink::answering(202);
    for status in [301, 302, 303, 307, 308] {
        let sink = Sink::answering(Answer::with_header(status, "Location", &other.url()));

        Source::beating_to(&sink).one_shot().run().failed();

        assert_eq!(
            (sink.requests().len(), other.connections()),
            (1, 0),
            "{status}"
        );
    }
}

#[test]
fn what_the_owner_allows_is_reached_too() {
    let (sink, other) = (Sink::answering(202), Sink::answering(204));
    let attempt = format!("POST http {} /", other.authority());

    let allowing = guest(guests::egress(), &sink).option(format!("--allow={}", other.authority()));
    let ended = allowing.flag(&attempt).run().succeeded();

    assert_eq!(outcome(&ended, &attempt), "answered 204");
}

/// Requests of a guest with this sink that must not leave.
pub(crate) fn forbidden(sink: &Sink, other: &Sink) -> Vec<String> {
    let (at, port, elsewhere) = (sink.authority(), sink.port(), other.authority());
    vec![
        format!("POST http {elsewhere} /"),
        format!("POST http localhost:{} /", other.port()),
        // The same machine by another name is another host: names are compared, not what they resolve to.
        format!("POST http localhost:{port} /"),
        format!("POST http [::1]:{port} /"),
        format!("POST http 127.0.0.2:{port} /"),
        format!("POST http 127.1:{port} /"),
        format!("POST http 2130706433:{port} /"),
        "POST http 127.0.0.1 /".to_owned(),
        "POST http 127.0.0.1:80 /".to_owned(),
        // Where a cloud keeps its secrets.
        "GET http 169.254.169.254 /".to_owned(),
        // Who is the user and who is the host?
        format!("POST http user@{at} /"),
        format!("POST http {at}@{elsewhere} /"),
        format!("POST http {elsewhere}@{at} /"),
        format!("POST https {at} /"),
        format!("POST ftp {at} /"),
        format!("CONNECT http {at} /"),
        format!("CONNECT http {elsewhere} /"),
    ]
}

/// A test component in place of heartbeats, with the same settings.
fn guest(component: &Path, sink: &Sink) -> Source {
    Source::beating_to(sink).component(component)
}

fn attempting(sink: &Sink, attempts: &[String]) -> Ended {
    attempts
        .iter()
        .fold(guest(guests::egress(), sink), |source, attempt| {
            source.flag(attempt)
        })
        .run()
        .succeeded()
}

fn outcome(ended: &Ended, attempt: &str) -> String {
    let mark = format!("{attempt}: ");
    let lines = lines_with(&ended.stdout, &mark);
    let [line] = lines[..] else {
        panic!("one line for {attempt:?} in {ended:#?}")
    };
    after(line, &mark).to_owned()
}

fn after<'a>(line: &'a str, mark: &str) -> &'a str {
    line.split_once(mark).unwrap().1
}

fn is_denied(outcome: &str) -> bool {
    outcome.contains("HttpRequestDenied")
}
