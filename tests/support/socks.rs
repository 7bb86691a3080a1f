use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A SOCKS 5 proxy that leads to one place, whatever it is asked for.
pub(crate) struct Socks {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    pub(crate) fn to(place: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (place, log) = (place.clone(), Arc::clone(&log));
                thread::spawn(move || serve(client?, &place, &log));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who asked, and for what: `USER:PASSWORD`, or nothing, before `@HOST:PORT`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// RFC 1928, and RFC 1929 for the password.
fn serve(mut client: TcpStream, place: &str, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let [version] = take(&mut client)?;
    assert_eq!(version, 5);
    let methods = text(&mut client)?;
    let mut who = String::new();
    if methods.contains(&2) {
        client.write_all(&[5, 2])?;
        let [1] = take(&mut client)? else {
            panic!("no password")
        };
        let (user, password) = (text(&mut client)?, text(&mut client)?);
        who = format!("{}:{}", string(user), string(password));
        client.write_all(&[1, 0])?;
    } else {
        client.write_all(&[5, 0])?;
    }
    let [5, 1, 0, 3] = take(&mut client)? else {
        panic!("no connection to a name")
    };
    let host = string(text(&mut client)?);
    let port = u16::from_be_bytes(take(&mut client)?);
    log.lock().unwrap().push(format!("{who}@{host}:{port}"));
    let sink = TcpStream::connect(place)?;
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    let (mut from_sink, mut to_client) = (sink.try_clone()?, client.try_clone()?);
    thread::spawn(move || io::copy(&mut from_sink, &mut to_client));
    io::copy(&mut client, &mut &sink)?;
    Ok(())
}

fn take<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Bytes after their number.
fn text(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let [length] = take(stream)?;
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
