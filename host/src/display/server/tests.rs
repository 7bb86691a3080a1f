use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::shutdown::Stopper;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn display(style: Style) -> (SocketAddr, Screen, Stopper) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), "--listen")
        .await
        .unwrap();
    let (address, screen, (stopper, stop)) =
        (listener.address(), Screen::default(), Stop::channel());
    tokio::spawn(show(listener, style, screen.clone(), stop));
    (address, screen, stopper)
}

async fn exchange(address: SocketAddr, head: &str, body: &str) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request =
        format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    // A server that refuses early may close before it has read all.
    let _ = tcp.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    let _ = tcp.read_to_string(&mut answer).await;
    answer
}

const EVENT: &str = "ce-specversion: 1.0\r\nce-id: 1\r\nce-source: s\r\nce-type: t\r\ncontent-type: application/json";

#[tokio::test]
async fn an_event_is_accepted_and_shown() {
    let (address, screen, _stopper) = display(Style::Json).await;
    let answer = exchange(
        address,
        &format!("POST /any HTTP/1.1\r\n{EVENT}"),
        "{\"id\":1}",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 202 ") && answer.ends_with("\r\n\r\n"),
        "{answer}"
    );
    let event: serde_json::Value = serde_json::from_str(&screen.text()).unwrap();
    assert_eq!(
        (&event["data"]["id"], &event["type"]),
        (&1.into(), &"t".into())
    );
    assert!(screen.text().ends_with("}\n"));
}

#[tokio::test]
async fn everything_else_is_refused_and_not_shown() {
    let (address, screen, _stopper) = display(Style::Text { colour: false }).await;
    let large = "x".repeat(BODY + 1);
    for (head, body, status) in [
        ("POST / HTTP/1.1", "{}", "400"),
        ("GET / HTTP/1.1", "", "405"),
        ("POST /healthz HTTP/1.1", "", "400"),
        (
            "POST / HTTP/1.1\r\ncontent-type: application/cloudevents+avro",
            "",
            "415",
        ),
        (&format!("POST / HTTP/1.1\r\n{EVENT}"), &large, "413"),
        (
            &format!("POST / HTTP/1.1\r\nx: {}", "y".repeat(256 << 10)),
            "",
            "431",
        ),
    ] {
        let answer = exchange(address, head, body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{status}: {answer}"
        );
    }
    assert!(
        exchange(address, "GET /healthz HTTP/1.1", "")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    assert_eq!(screen.text(), "");
}

#[tokio::test]
async fn a_closed_output_or_a_stop_ends_it() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let bind = || Listener::bind("127.0.0.1:0".parse().unwrap(), "--listen");

    let listener = bind().await.unwrap();
    let (address, (_stopper, stop)) = (listener.address(), Stop::channel());
    let shown = tokio::spawn(show(listener, Style::Json, Closed, stop));
    exchange(address, &format!("POST / HTTP/1.1\r\n{EVENT}"), "{}").await;
    shown.await.unwrap();

    let (stopper, stop) = Stop::channel();
    let listener = bind().await.unwrap();
    let shown = tokio::spawn(show(listener, Style::Json, Screen::default(), stop));
    stopper.stop();
    shown.await.unwrap();
}
