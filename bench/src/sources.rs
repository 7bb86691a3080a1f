//! Folders of manifests, and `heartbeats-host serve` on them.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, ensure};
use tempfile::TempDir;

use crate::process::Process;

/// Sources go to so many namespaces in turn.
const TENANTS: usize = 10;
/// Manifests in one file.
const FILE: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(120);

/// Manifests in a folder that is gone with this.
pub(crate) struct Sources {
    folder: TempDir,
}

impl Sources {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
        })
    }

    /// Writes sources with these numbers; `spec` gives each one's fields, in YAML's flow style.
    pub(crate) fn write(
        &self,
        file: &str,
        numbers: impl IntoIterator<Item = usize>,
        spec: impl Fn(usize) -> String,
    ) -> anyhow::Result<()> {
        let numbers: Vec<usize> = numbers.into_iter().collect();
        for (part, numbers) in numbers.chunks(FILE).enumerate() {
            let mut text = String::new();
            for number in numbers {
                writeln!(
                    text,
                    "---\napiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\n\
                     metadata: {{name: source-{number}, namespace: tenant-{}}}\nspec: {{{}}}",
                    number % TENANTS,
                    spec(*number)
                )?;
            }
            // Written beside and moved, so that it is never seen by half.
            let whole = self.path(&format!("{file}-{part}.yaml"));
            let half = whole.with_extension("half");
            fs::write(&half, text)?;
            fs::rename(half, whole)?;
        }
        Ok(())
    }

    /// Removes what was written by this name, if it was but one file.
    pub(crate) fn remove(&self, file: &str) -> anyhow::Result<()> {
        Ok(fs::remove_file(self.path(&format!("{file}-0.yaml")))?)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Serves them, and waits until they are loaded.
    pub(crate) fn serve(&self) -> anyhow::Result<Serve> {
        Serve::start(self.folder.path())
    }
}

/// `heartbeats-host serve`.
pub(crate) struct Serve {
    pub(crate) process: Process,
    /// From its start until it was ready.
    pub(crate) loaded_in: Duration,
    admin: SocketAddr,
}

impl Serve {
    fn start(sources: &Path) -> anyhow::Result<Self> {
        let admin = free_address()?;
        let start = Instant::now();
        let mut serve = Self {
            process: Process::start(
                Command::new(built("HOST")?)
                    .arg("serve")
                    .args(["--admin", &admin.to_string()])
                    .arg("--sources")
                    .arg(sources),
            )?,
            loaded_in: Duration::ZERO,
            admin,
        };
        while !serve
            .get("/readyz")
            .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
        {
            ensure!(start.elapsed() < PATIENCE, "serve did not become ready");
            thread::sleep(Duration::from_millis(5));
        }
        serve.loaded_in = start.elapsed();
        Ok(serve)
    }

    /// A metric, summed up over all tenants.
    pub(crate) fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let metrics = self.get("/metrics")?;
        let values = metrics
            .lines()
            .filter(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('{'))
            })
            .filter_map(|line| line.rsplit(' ').next());
        Ok(values.map(str::parse::<f64>).sum::<Result<f64, _>>()?)
    }

    fn get(&self, path: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.admin)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

/// What `make bench` has built, by the name of its variable.
pub(crate) fn built(variable: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os(variable);
    let path = path.with_context(|| format!("{variable} is not set; run `make bench`"))?;
    Ok(path.into())
}

/// A port that nobody listens on, just now.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
