//! The proxies of the host's environment, and the addresses that no name may lead to.

use std::sync::Arc;

use rcgen::SanType;
use rustls::{ALL_VERSIONS, ServerConfig};

use crate::support::{Authority, Sink, Socks, Source, Tunnel, guests, lines_with};

#[test]
fn a_beat_goes_through_the_proxy_as_in_the_original() {
    let proxy = Sink::answering(202);

    let ended = beating_to("http://sink.example/path?q")
        .env(
            "HTTP_PROXY",
            format!("http://me:s3cret@{}", proxy.authority()),
        )
        .env("RUST_LOG", "trace")
        .run()
        .succeeded();

    let [beat] = &proxy.requests()[..] else {
        panic!("one beat: {ended:#?}")
    };
    assert_eq!(beat.target, "http://sink.example/path?q");
    assert_eq!(beat.header("host").as_deref(), Some("sink.example"));
    assert_eq!(
        beat.header("proxy-authorization").as_deref(),
        Some("Basic bWU6czNjcmV0")
    );
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
    assert!(!ended.output().contains("bWU6czNjcmV0"), "{ended:#?}");
}

#[test]
fn a_beat_to_an_https_sink_goes_through_a_tunnel() {
    let authority = Authority::new();
    let sink = Sink::with_server(202, server_of_the_sink(&authority));
    let proxy = Tunnel::to(sink.authority());

    beating_to("https://sink.example/path")
        .env("HTTPS_PROXY", format!("http://me@{}", proxy.address()))
        .env("K_CA_CERTS", authority.pem())
        .run()
        .succeeded();

    let asked = proxy.head();
    assert_eq!(asked[0], "CONNECT sink.example:443 HTTP/1.1");
    assert!(
        asked
            .iter()
            .any(|line| line.eq_ignore_ascii_case("proxy-authorization: Basic bWU6")),
        "{asked:?}"
    );
    assert_eq!(sink.requests()[0].target, "/path");
    assert_eq!(sink.requests()[0].header("proxy-authorization"), None);
}

#[test]
fn a_proxy_can_be_spoken_to_over_tls() {
    let authority = Authority::new();
    let proxy = Sink::with_tls(202, &authority);

    let ended = beating_to("http://sink.example/path")
        .env(
            "HTTP_PROXY",
            format!("https://me:s3cret@{}", proxy.authority()),
        )
        .env("K_CA_CERTS", authority.pem())
        .run()
        .succeeded();

    let [beat] = &proxy.requests()[..] else {
        panic!("one beat: {ended:#?}")
    };
    assert_eq!(beat.target, "http://sink.example/path");
    assert_eq!(
        beat.header("proxy-authorization").as_deref(),
        Some("Basic bWU6czNjcmV0")
    );
}

#[test]
fn a_tunnel_leads_through_a_proxy_that_is_spoken_to_over_tls() {
    let authority = Authority::new();
    let sink = Sink::with_server(202, server_of_the_sink(&authority));
    let proxy = Tunnel::with_server(sink.authority(), authority.server());

    beating_to("https://sink.example/path")
        .env("HTTPS_PROXY", format!("https://{}", proxy.address()))
        .env("K_CA_CERTS", authority.pem())
        .run()
        .succeeded();

    assert_eq!(proxy.head()[0], "CONNECT sink.example:443 HTTP/1.1");
    assert_eq!(sink.requests()[0].target, "/path");
}

#[test]
fn nothing_is_sent_through_a_proxy_of_a_stranger() {
    let proxy = Sink::with_tls(202, &Authority::new());

    let ended = beating_to("http://sink.example/")
        .env(
            "HTTP_PROXY",
            format!("https://me:s3cret@{}", proxy.authority()),
        )
        .run()
        .failed();

    let told = lines_with(&ended.stderr, "did not help");
    assert!(told[0].contains(&proxy.authority()), "{ended:#?}");
    assert!(
        told[0].contains("the issuer of its certificate is not trusted"),
        "{ended:#?}"
    );
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn this_machine_needs_no_proxy() {
    let (sink, proxy) = (Sink::answering(202), Sink::answering(500));

    Source::beating_to(&sink)
        .one_shot()
        .env("HTTP_PROXY", format!("http://{}", proxy.authority()))
        .run()
        .succeeded();

    assert_eq!((sink.requests().len(), proxy.connections()), (1, 0));
}

#[test]
fn a_proxy_that_does_not_help_is_named_without_its_password() {
    let proxy = Sink::refusing([]);

    let ended = beating_to("http://sink.example/")
        .env(
            "HTTP_PROXY",
            format!("http://me:s3cret@{}", proxy.authority()),
        )
        .run()
        .failed();

    let told = lines_with(&ended.stderr, "did not help");
    assert!(told[0].contains(&proxy.authority()), "{ended:#?}");
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
}

#[test]
fn a_beat_goes_through_a_socks_proxy_that_resolves_the_name() {
    let sink = Sink::answering(202);
    for (user, scheme, who) in [("", "socks5", ""), ("me:s3cret@", "socks5h", "me:s3cret")] {
        let proxy = Socks::to(sink.authority());

        let ended = beating_to("http://sink.example/path?q")
            .env(
                "HTTP_PROXY",
                format!("{scheme}://{user}{}", proxy.address()),
            )
            .env("RUST_LOG", "trace")
            .run()
            .succeeded();

        assert_eq!(proxy.asked(), [format!("{who}@sink.example:80")]);
        assert!(!ended.output().contains("s3cret"), "{ended:#?}");
    }
    for request in sink.requests() {
        assert_eq!(request.target, "/path?q", "the sink sees no proxy");
        assert_eq!(request.header("host").as_deref(), Some("sink.example"));
        assert_eq!(request.header("proxy-authorization"), None);
    }
}

#[test]
fn a_beat_to_an_https_sink_goes_through_a_socks_proxy() {
    let authority = Authority::new();
    let sink = Sink::with_server(202, server_of_the_sink(&authority));
    let proxy = Socks::to(sink.authority());

    beating_to("https://sink.example/")
        .env("HTTPS_PROXY", format!("socks5://{}", proxy.address()))
        .env("K_CA_CERTS", authority.pem())
        .run()
        .succeeded();

    assert_eq!(proxy.asked(), ["@sink.example:443"]);
    assert_eq!(sink.requests().len(), 1);
}

#[test]
fn a_proxy_that_cannot_be_used_stops_the_start() {
    let ended = beating_to("http://sink.example/")
        .env("HTTP_PROXY", "socks4://me:s3cret@proxy")
        .run()
        .failed();

    assert!(ended.stderr.contains("HTTP_PROXY"), "{ended:#?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:#?}");
    assert!(!ended.output().contains("s3cret"), "{ended:#?}");
}

#[test]
fn a_name_that_leads_to_a_metadata_address_reaches_nothing() {
    let sink = Sink::answering(202);
    // To the policy these are names; to the system's resolver they are addresses.
    for name in ["0xa9fea9fe", "169.254.43518", "0"] {
        let attempt = format!("GET http {name} /");

        let ended = Source::beating_to(&sink)
            .component(guests::egress())
            .option(format!("--allow={name}:80"))
            .flag(&attempt)
            .run()
            .succeeded();

        let outcome = lines_with(&ended.stdout, &attempt);
        assert!(outcome[0].contains("DestinationIpProhibited"), "{ended:#?}");
        let told = lines_with(&ended.stderr, "no name may lead there");
        assert_eq!(told.len(), 1, "{ended:#?}");
        assert!(told[0].contains(name), "{ended:#?}");
    }
}

fn server_of_the_sink(authority: &Authority) -> Arc<ServerConfig> {
    authority.server_with(ALL_VERSIONS, |params| {
        params.subject_alt_names = vec![SanType::DnsName("sink.example".try_into().unwrap())];
    })
}

/// A source of one beat, tried once.
fn beating_to(sink: &str) -> Source {
    Source::in_host()
        .named()
        .set("K_SINK", sink)
        .one_shot()
        .flag("--retries=0")
}
