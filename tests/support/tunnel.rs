use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A proxy that opens one tunnel, to the same place whatever it is asked for.
pub(crate) struct Tunnel {
    address: SocketAddr,
    head: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub(crate) fn to(place: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let head = Arc::<Mutex<Vec<String>>>::default();
        let asked = Arc::clone(&head);
        thread::spawn(move || -> io::Result<()> {
            let (client, _) = listener.accept()?;
            let mut reader = BufReader::new(client.try_clone()?);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let line = line.trim_end().to_owned();
                if line.is_empty() {
                    break;
                }
                asked.lock().unwrap().push(line);
            }
            let sink = TcpStream::connect(place)?;
            let mut answer = client.try_clone()?;
            answer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            let mut back = sink.try_clone()?;
            thread::spawn(move || io::copy(&mut back, &mut answer));
            io::copy(&mut reader, &mut &sink)?;
            Ok(())
        });
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
