use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{DEADLINE, Ended, Running, Sink, call, clean, host, scratch};

/// A document of the kind `WasmSource`.
#[derive(Clone)]
pub(crate) struct Manifest {
    namespace: String,
    name: String,
    sink: String,
    sink_fields: String,
    spec: String,
}

/// A `heartbeats-host serve` with a folder of manifests.
pub(crate) struct World {
    folder: TempDir,
    running: Running,
    admin: String,
}

impl Manifest {
    pub(crate) fn new(name: &str, sink: &Sink) -> Self {
        Self {
            namespace: "event-test".into(),
            name: name.into(),
            sink: sink.url(),
            sink_fields: String::new(),
            spec: String::new(),
        }
    }

    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// The sink has this field too.
    pub(crate) fn sink_field(mut self, name: &str, value: &str) -> Self {
        self.sink_fields += &format!(", {name}: {}", Value::from(value));
        self
    }

    /// The fields of `spec` besides the sink.
    pub(crate) fn spec(mut self, fields: &str) -> Self {
        self.spec = fields.into();
        self
    }

    pub(crate) fn text(&self) -> String {
        let Self {
            namespace,
            name,
            sink,
            sink_fields,
            spec,
        } = self;
        format!(
            "---\napiVersion: sources.heartbeats.dev/v1alpha1\nkind: WasmSource\n\
             metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{sink: {{uri: '{sink}'{sink_fields}}}, {spec}}}\n"
        )
    }
}

impl World {
    pub(crate) fn empty() -> Self {
        Self::start(&[])
    }

    pub(crate) fn start(manifests: &[Manifest]) -> Self {
        Self::with_options(manifests, &[])
    }

    pub(crate) fn with_options(manifests: &[Manifest], options: &[&str]) -> Self {
        Self::with(manifests, options, &[])
    }

    pub(crate) fn with_env(manifests: &[Manifest], env: &[(&str, &str)]) -> Self {
        Self::with(manifests, &[], env)
    }

    fn with(manifests: &[Manifest], options: &[&str], env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), manifests);
        let mut command = clean(host(), &scratch("cache"));
        command
            .args(["serve", "--admin=127.0.0.1:0", "--sources"])
            .arg(folder.path())
            .args(options)
            .env("RUST_LOG", "info,heartbeats_host=trace")
            .envs(env.iter().copied());
        let running = Running::start(command);
        let admin = running.stderr_after("admin interface on http://");
        // In json the line goes on.
        let admin = admin.split('"').next().unwrap().to_owned();
        Self {
            folder,
            running,
            admin,
        }
    }

    /// Where its admin interface is.
    pub(crate) fn admin(&self) -> &str {
        &self.admin
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes these manifests instead of those before, all at once.
    pub(crate) fn write(&self, manifests: &[Manifest]) {
        write(self.folder.path(), manifests);
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> (u16, Value) {
        self.call("POST", path)
    }

    pub(crate) fn get_text(&self, path: &str) -> String {
        call(&self.admin, "GET", path).body
    }

    /// What the admin interface says of a source.
    pub(crate) fn state(&self, source: &str) -> Value {
        self.get(&format!("/sources/{source}")).1
    }

    pub(crate) fn wait_for_state(&self, source: &str, reached: impl Fn(&Value) -> bool) {
        wait(|| self.state(source), reached);
    }

    pub(crate) fn wait_for_answer(&self, path: &str, status: u16) {
        wait(|| self.get(path), |(answered, _)| *answered == status);
    }

    /// Waits until it has said this.
    pub(crate) fn said(&self, mark: &str) {
        self.running.wait_for_stderr(mark, 1);
    }

    /// All that it has said.
    pub(crate) fn log(&self) -> String {
        self.running.stderr()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.running.signal(signal);
    }

    pub(crate) fn wait(self) -> Ended {
        self.running.wait()
    }

    fn call(&self, method: &str, path: &str) -> (u16, Value) {
        let reply = call(&self.admin, method, path);
        (reply.status, reply.json())
    }
}

/// `heartbeats-host check`.
pub(crate) fn check(paths: &[&Path]) -> Ended {
    let mut command = clean(host(), &scratch("cache"));
    command.arg("check").args(paths);
    Running::start(command).wait()
}

fn write(folder: &Path, manifests: &[Manifest]) {
    let text: String = manifests.iter().map(Manifest::text).collect();
    let new = folder.join(".new");
    fs::write(&new, text).unwrap();
    fs::rename(new, folder.join("sources.yaml")).unwrap();
}

fn wait<T: std::fmt::Debug>(look: impl Fn() -> T, reached: impl Fn(&T) -> bool) {
    let start = Instant::now();
    loop {
        let seen = look();
        if reached(&seen) {
            return;
        }
        assert!(start.elapsed() < DEADLINE, "still {seen:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
