use super::pool::ANSWER_HEAD;
use super::*;
use crate::fixture::{Server, Step, post};
use Step::{Close, Wait, Write};
use http_body_util::BodyExt;
use std::time::Duration;

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n";
const A_MOMENT: Duration = Duration::from_millis(50);

fn client() -> Client {
    Client::new(Trust::nobody(), Proxies::default()).unwrap()
}

fn short() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(5),
        first_byte: A_MOMENT,
        between_bytes: A_MOMENT,
    }
}

fn long() -> Timeouts {
    Timeouts::new(None)
}

/// The status, or the name of the error.
async fn outcome(
    client: &Client,
    request: Request<WasiBody>,
    timeouts: Timeouts,
) -> Result<u16, String> {
    match client.send(request, &Event::default(), timeouts).await {
        Ok(response) => Ok(response.status().as_u16()),
        Err(error) => Err(format!("{error:?}")),
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start(vec![vec![Write(ACCEPTED)]]).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(outcome(&client, server.request(), long()).await, Ok(202));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((server.connections(), server.requests()), (1, 3));
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_cost_the_connection() {
    let slow = vec![
        Write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        Wait(Duration::from_millis(10)),
        Write("5\r\nhello\r\n0\r\n\r\n"),
    ];
    let server = Server::start(vec![slow]).await;
    let client = client();
    for _ in 0..2 {
        assert_eq!(outcome(&client, server.request(), long()).await, Ok(200));
        tokio::time::sleep(A_MOMENT).await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_request_that_may_have_arrived_is_not_sent_again() {
    let server = Server::start(vec![vec![Write(ACCEPTED)], vec![Close]]).await;
    let client = client();
    assert_eq!(outcome(&client, server.request(), long()).await, Ok(202));
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(
        outcome(&client, server.request(), long()).await,
        Err("ConnectionTerminated".into())
    );
    assert_eq!((server.connections(), server.requests()), (1, 2));
}

#[tokio::test]
async fn a_connection_that_the_sink_closed_meanwhile_is_replaced() {
    let server = Server::start(vec![vec![Write(ACCEPTED), Close]]).await;
    let client = client();
    for _ in 0..3 {
        assert_eq!(outcome(&client, server.request(), long()).await, Ok(202));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!((server.connections(), server.requests()), (3, 3));
}

#[tokio::test]
async fn each_failure_has_its_name() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    assert_eq!(
        outcome(&client(), post(&format!("http://{closed}/")), long()).await,
        Err("ConnectionRefused".into())
    );

    for (script, error) in [
        (vec![Wait(Duration::from_secs(60))], "HttpResponseTimeout"),
        (vec![Close], "ConnectionTerminated"),
        (
            vec![Write("HTTP/1.1 200 OK\r\ncontent-le"), Close],
            "ConnectionTerminated",
        ),
        (vec![Write("SSH-2.0-x\r\n\r\n")], "HttpProtocolError"),
    ] {
        let server = Server::start(vec![script]).await;
        assert_eq!(
            outcome(&client(), server.request(), short()).await,
            Err(error.into())
        );
    }
}

#[tokio::test]
async fn an_answer_with_a_head_without_end_is_refused() {
    let field: &'static str = format!("x: {}\r\n", "y".repeat(ANSWER_HEAD)).leak();
    let server = Server::start(vec![vec![Write("HTTP/1.1 200 OK\r\n"), Write(field)]]).await;
    assert_eq!(
        outcome(&client(), server.request(), long()).await,
        Err("HttpResponseHeaderSectionSize(None)".into())
    );
}

#[tokio::test]
async fn a_name_without_an_address_is_a_dns_error() {
    // A label has at most 63 characters, so that no resolver has to be asked.
    let request = post(&format!("http://{}/", "a".repeat(64)));
    let error = outcome(&client(), request, long()).await.unwrap_err();
    assert!(
        error.starts_with("DnsError { rcode: Some(\"cannot resolve"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut tcp, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await;
        std::future::pending::<()>().await;
    });
    let outcome = outcome(&client(), post(&format!("https://{address}/")), long()).await;
    assert_eq!(outcome, Err("TlsProtocolError".into()));
}

#[tokio::test]
async fn a_server_that_accepts_and_is_silent_costs_the_connect_time_in_tls() {
    let server = Server::start(vec![vec![Close]]).await;
    let timeouts = Timeouts {
        connect: A_MOMENT,
        ..long()
    };
    let outcome = outcome(
        &client(),
        post(&format!("https://{}/", server.address)),
        timeouts,
    )
    .await;
    assert_eq!(outcome, Err("ConnectionTimeout".into()));
}

#[tokio::test]
async fn a_body_that_stalls_or_breaks_off_is_an_error() {
    let head = Write("HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n");
    for (script, error) in [
        (
            vec![head, Wait(Duration::from_secs(60))],
            "ConnectionReadTimeout",
        ),
        (vec![head, Close], "ConnectionTerminated"),
    ] {
        let server = Server::start(vec![script]).await;
        let response = client()
            .send(server.request(), &Event::default(), short())
            .await
            .unwrap();
        let reason = format!("{:?}", response.into_body().collect().await.err());
        assert!(
            reason.starts_with(&format!("Some({error}")),
            "{reason} / {error}"
        );
    }
}

fn sharing(sockets: &Sockets) -> Client {
    Client::sharing(sockets, Trust::nobody(), Proxies::default()).unwrap()
}

#[tokio::test]
async fn an_idle_connection_gives_its_socket_to_another() {
    let (one, other) = (
        Server::start(vec![vec![Write(ACCEPTED)]]).await,
        Server::start(vec![vec![Write(ACCEPTED)]]).await,
    );
    let sockets = Sockets::new(1);
    let clients = [sharing(&sockets), sharing(&sockets)];
    for _ in 0..3 {
        for (server, client) in [&one, &other].into_iter().zip(&clients) {
            assert_eq!(outcome(client, server.request(), long()).await, Ok(202));
            assert_eq!(sockets.in_use(), 1);
        }
    }
    assert_eq!((one.connections(), other.connections()), (3, 3));
}

#[tokio::test]
async fn without_a_socket_a_request_fails_by_the_limits_name_and_takes_no_others() {
    let hung = Server::start(vec![vec![Wait(Duration::from_secs(60))]]).await;
    let good = Server::start(vec![vec![Write(ACCEPTED)]]).await;
    let sockets = Sockets::new(1);
    let client = sharing(&sockets);
    let (holding, request) = (client.clone(), hung.request());
    let holds = tokio::spawn(async move { outcome(&holding, request, long()).await });
    while hung.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let error = outcome(&client, good.request(), long()).await.unwrap_err();

    assert!(
        error.contains("all 1 sockets of this process are in use; allow more with --sockets"),
        "{error}"
    );
    assert_eq!((good.connections(), hung.connections()), (0, 1));
    holds.abort();
    assert_eq!(outcome(&client, good.request(), long()).await, Ok(202));
}

#[tokio::test]
async fn a_connection_that_fails_keeps_no_socket() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let sockets = Sockets::new(1);
    for _ in 0..3 {
        let request = post(&format!("http://{closed}/"));
        let refused = outcome(&sharing(&sockets), request, long()).await;
        assert_eq!(refused, Err("ConnectionRefused".into()));
    }
    assert_eq!(sockets.in_use(), 0);
}
