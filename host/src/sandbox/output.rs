//! A guest's standard output and error: whole lines, in bounded memory, written by a thread of their own.
//!
//! wasmtime's built-in streams either block the whole runtime on a full pipe or can grow (GHSA-5m8g). Here a full pipe
//! holds back only the guest that writes.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use super::rate::{PAUSE, Rate};
use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Bytes of a line that are held back until its end comes; a longer line is passed on in pieces.
const LINE: usize = 16 << 10;
/// Writes that wait for the writer thread. With [`LINE`] it bounds the memory.
const QUEUE: usize = 32;

/// Where a guest's lines go. Clones lead to the same place.
#[derive(Clone)]
pub struct Output {
    queue: mpsc::Sender<Bytes>,
    line: Arc<Mutex<Line>>,
    rate: Option<Arc<Rate>>,
}

/// The thread behind an [`Output`]; it holds the channel's other end until it is done.
pub struct Writer(std_mpsc::Receiver<()>);

impl Output {
    /// Writes to `sink` until it fails; from then on the guest's stream is closed.
    pub fn new(mut sink: impl Write + Send + 'static) -> io::Result<(Self, Writer)> {
        let (queue, mut lines) = mpsc::channel::<Bytes>(QUEUE);
        let (done, writer) = std_mpsc::channel();
        thread::Builder::new()
            .name("output".into())
            .spawn(move || {
                let _done: std_mpsc::Sender<()> = done;
                while let Some(lines) = lines.blocking_recv() {
                    if sink.write_all(&lines).and_then(|()| sink.flush()).is_err() {
                        break;
                    }
                }
            })?;
        let line = Line {
            text: BytesMut::new(),
            queue: queue.clone(),
        };
        Ok((
            Self {
                queue,
                line: Arc::new(Mutex::new(line)),
                rate: None,
            },
            Writer(writer),
        ))
    }

    /// The same place, written to no faster than this.
    pub(super) fn at_most(self, rate: Arc<Rate>) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    fn room(&self) -> usize {
        self.rate
            .as_ref()
            .map_or(LINE, |rate| rate.room().min(LINE))
    }
}

impl Writer {
    /// Waits until all lines are written, which is only after every [`Output`] is dropped, but at most for `patience`:
    /// a reader that is stuck must not keep the process from ending.
    pub fn finish(self, patience: Duration) {
        // Nothing is ever sent: either the other end is dropped, or the time is over.
        let _ = self.0.recv_timeout(patience);
    }
}

impl IsTerminal for Output {
    /// Never, as the stream is no terminal to the guest: it must not colour its lines.
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for it, which is not linked.
        Box::new(tokio::io::sink())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {
        while self.room() == 0 && !self.queue.is_closed() {
            tokio::time::sleep(PAUSE).await;
        }
        // An error is a closed queue: ready too, and the next call reports it.
        let _ = self.queue.reserve().await;
    }
}

impl OutputStream for Output {
    fn check_write(&mut self) -> StreamResult<usize> {
        if self.queue.is_closed() {
            return Err(StreamError::Closed);
        }
        Ok(if self.queue.capacity() == 0 {
            0
        } else {
            self.room()
        })
    }

    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > LINE {
            return Err(StreamError::trap("more written than check-write allowed"));
        }
        if let Some(rate) = &self.rate {
            rate.take(bytes.len());
        }
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.text.extend_from_slice(&bytes);
        line.pass_on()
    }

    fn flush(&mut self) -> StreamResult<()> {
        if self.queue.is_closed() {
            Err(StreamError::Closed)
        } else {
            Ok(())
        }
    }
}

/// What a guest has written after its last line break.
struct Line {
    text: BytesMut,
    queue: mpsc::Sender<Bytes>,
}

impl Line {
    fn pass_on(&mut self) -> StreamResult<()> {
        let end = match self.text.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if self.text.len() >= LINE => self.text.len(),
            None => return Ok(()),
        };
        match self.queue.try_reserve() {
            Ok(permit) => permit.send(self.text.split_to(end).freeze()),
            // Another stream of the same output took the place: the lines go with the next write.
            Err(mpsc::error::TrySendError::Full(())) if self.text.len() < 2 * LINE => {}
            // Only streams that write past each other get here, and lines are worth less than memory.
            Err(mpsc::error::TrySendError::Full(())) => self.text.clear(),
            Err(mpsc::error::TrySendError::Closed(())) => return Err(StreamError::Closed),
        }
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            // At the end there is nobody left to tell.
            let _ = self.queue.try_send(self.text.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Channel(std_mpsc::Sender<Vec<u8>>);

    impl Write for Channel {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(inputs: &[&'static str]) -> Vec<String> {
        let (sender, receiver) = std_mpsc::channel();
        let (output, writer) = Output::new(Channel(sender)).unwrap();
        let (mut first, mut second) = (output.clone(), output);
        for (index, input) in inputs.iter().enumerate() {
            let stream = if index % 2 == 0 {
                &mut first
            } else {
                &mut second
            };
            stream.write(Bytes::from_static(input.as_bytes())).unwrap();
        }
        drop((first, second));
        writer.finish(Duration::from_secs(5));
        receiver
            .iter()
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .collect()
    }

    #[test]
    fn only_whole_lines_are_passed_on_and_the_rest_at_the_end() {
        assert_eq!(
            written(&["a", "b\nc", "d\ne\n", "f"]),
            ["ab\n", "cd\ne\n", "f"]
        );
    }

    #[test]
    fn an_endless_line_is_passed_on_in_pieces() {
        let piece: &'static str = "x".repeat(LINE).leak();
        assert_eq!(written(&["y", piece]).concat().len(), LINE + 1);
    }

    #[tokio::test]
    async fn a_stuck_reader_holds_the_guest_back_and_no_memory_grows() {
        let (stuck, release) = std_mpsc::sync_channel::<Vec<u8>>(0);
        struct Stuck(std_mpsc::SyncSender<Vec<u8>>);
        impl Write for Stuck {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut output, _writer) = Output::new(Stuck(stuck)).unwrap();
        let mut writes = 0;
        while output.check_write().unwrap() > 0 {
            output.write(Bytes::from_static(b"line\n")).unwrap();
            writes += 1;
            assert!(writes <= QUEUE + 1, "the queue is bounded");
        }
        release.recv().unwrap();
        output.ready().await;
        drop(release);
        while !matches!(output.check_write(), Err(StreamError::Closed)) {
            tokio::task::yield_now().await;
        }
    }
}
