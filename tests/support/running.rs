use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::DEADLINE;

/// A program that was started; it is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Captured,
    stderr: Captured,
}

/// What is left of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A stream of a program, read as it comes so that the program never blocks on it.
struct Captured {
    text: Arc<(Mutex<String>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|e| panic!("{e}: {command:?}"));
        let stdout = Captured::of(child.stdout.take().unwrap());
        let stderr = Captured::of(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kibibytes of memory that it holds now, and the most that it ever held; `None` once it has ended.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        memory_of(self.child.id())
    }

    /// What stands on stderr by now.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text.0.lock().unwrap().clone()
    }

    /// The rest of the first line on stderr that holds `mark`, after it.
    pub(crate) fn stderr_after(&self, mark: &str) -> String {
        let text = self.wait_for_stderr(mark, 1);
        let (_, after) = text.split_once(mark).unwrap();
        after.lines().next().unwrap().to_owned()
    }

    /// What stands on stderr when it has said `mark` that often.
    pub(crate) fn wait_for_stderr(&self, mark: &str, count: usize) -> String {
        self.stderr
            .when(|text| text.matches(mark).count() >= count, mark)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the program's own end.
    pub(crate) fn wait(self) -> Ended {
        self.wait_within(DEADLINE)
    }

    pub(crate) fn wait_within(mut self, limit: Duration) -> Ended {
        let start = Instant::now();
        while self.is_running() {
            if start.elapsed() > limit {
                let ended = self.kill();
                panic!("still running after {limit:?}: {ended:#?}");
            }
            thread::sleep(Duration::from_millis(2));
        }
        self.ended()
    }

    /// Ends the program the hard way, for what it said.
    pub(crate) fn kill(mut self) -> Ended {
        self.child.kill().unwrap();
        self.ended()
    }

    fn ended(&mut self) -> Ended {
        let status = self.child.wait().unwrap();
        Ended {
            status,
            stdout: self.stdout.whole(),
            stderr: self.stderr.whole(),
        }
    }
}

/// Kibibytes of memory that a process holds now, and the most that it ever held; `None` once it has ended.
pub(crate) fn memory_of(process: u32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Exit status 0.
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status.code(), Some(0), "{self:#?}");
        self
    }

    /// Exit status 1, the only one there is for a failure.
    pub(crate) fn failed(self) -> Self {
        assert_eq!(self.status.code(), Some(1), "{self:#?}");
        self
    }

    /// All that it said.
    pub(crate) fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl Captured {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let shared = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .is_ok_and(|length| length > 0)
            {
                shared
                    .0
                    .lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&line));
                shared.1.notify_all();
                line.clear();
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn when(&self, come: impl Fn(&str) -> bool, what: &str) -> String {
        let (text, changed) = &*self.text;
        let text = text.lock().unwrap();
        let (text, wait) = changed
            .wait_timeout_while(text, DEADLINE, |text| !come(text))
            .unwrap();
        assert!(
            !wait.timed_out(),
            "no {what:?} within {DEADLINE:?} in: {text}"
        );
        text.clone()
    }

    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text.0.lock().unwrap().clone()
    }
}
