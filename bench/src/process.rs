//! A process beside this one, and what it uses.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::Context;

/// In which `/proc/PID/stat` counts: 1/100 s on every Linux that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A process that is killed when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts it, with nothing to read and nobody who reads its output.
    pub(crate) fn start(command: &mut Command) -> anyhow::Result<Self> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self(child))
    }

    /// The processor time of all its threads, so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The second field is the program's name in parentheses, which may hold anything.
        let (_, fields) = stat
            .rsplit_once(") ")
            .context("/proc has no such process")?;
        let fields = fields.split(' ').skip(11).take(2);
        let ticks = fields.map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// Bytes of memory that it has now.
    pub(crate) fn memory(&self) -> anyhow::Result<u64> {
        self.bytes("VmRSS:")
    }

    /// The most bytes of memory that it ever had.
    pub(crate) fn highest_memory(&self) -> anyhow::Result<u64> {
        self.bytes("VmHWM:")
    }

    fn bytes(&self, name: &str) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .context("the process is gone")?;
        Ok(kib.parse::<u64>()? * 1024)
    }
}

/// Waits until what has just started goes its steady way.
pub(crate) fn settle() {
    thread::sleep(Duration::from_secs(2));
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
