use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::ServerConfig;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, copy_bidirectional,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A proxy that opens one tunnel, to the same place whatever it is asked for.
pub(crate) struct Tunnel {
    address: SocketAddr,
    head: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub(crate) fn to(place: String) -> Self {
        Self::start(place, None)
    }

    /// Speaks TLS itself.
    pub(crate) fn with_server(place: String, server: Arc<ServerConfig>) -> Self {
        Self::start(place, Some(server))
    }

    fn start(place: String, server: Option<Arc<ServerConfig>>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let head = Arc::<Mutex<Vec<String>>>::default();
        let asked = Arc::clone(&head);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let one = async move {
            let (client, _) = TcpListener::from_std(listener)?.accept().await?;
            match server {
                None => lead(client, &place, &asked).await,
                Some(server) => {
                    let client = TlsAcceptor::from(server).accept(client).await?;
                    lead(client, &place, &asked).await
                }
            }
        };
        thread::spawn(move || runtime.block_on(one));
        Self { address, head }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it was asked, line by line.
    pub(crate) fn head(&self) -> Vec<String> {
        self.head.lock().unwrap().clone()
    }
}

async fn lead(
    client: impl AsyncRead + AsyncWrite + Unpin,
    place: &str,
    head: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.lock().unwrap().push(line);
    }
    let mut sink = TcpStream::connect(place).await?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    client.flush().await?;
    copy_bidirectional(&mut client, &mut sink).await?;
    Ok(())
}
