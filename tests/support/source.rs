use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Ended, Running, Sink, program};

/// A source as a user starts it: `heartbeats-host run` or `wasmtime run`, with settings.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    runner: Runner,
    /// The variables that the source is meant to see.
    settings: Vec<(String, String)>,
    /// The runner's own variables.
    env: Vec<(String, String)>,
    /// The runner's own arguments.
    options: Vec<String>,
    flags: Vec<String>,
    cache: PathBuf,
}

#[derive(Clone, Debug)]
enum Runner {
    Host,
    /// With the component that it runs.
    Wasmtime(PathBuf),
}

impl Source {
    /// In our host, with no settings at all.
    pub(crate) fn in_host() -> Self {
        Self::in_runner(Runner::Host)
    }

    /// Under `wasmtime run`, with no settings at all.
    pub(crate) fn in_wasmtime() -> Self {
        Self::in_wasmtime_as(program::component_file())
    }

    /// Under `wasmtime run`, composed with other components.
    pub(crate) fn in_wasmtime_as(component: &Path) -> Self {
        Self::in_runner(Runner::Wasmtime(component.into()))
    }

    fn in_runner(runner: Runner) -> Self {
        let cache = program::scratch("cache");
        Self {
            runner,
            settings: Vec::new(),
            env: Vec::new(),
            options: Vec::new(),
            flags: Vec::new(),
            cache,
        }
    }

    /// In our host, with all it needs to beat into this sink.
    pub(crate) fn beating_to(sink: &Sink) -> Self {
        Self::in_host().named().set("K_SINK", sink.url())
    }

    /// With a name and a namespace.
    pub(crate) fn named(self) -> Self {
        self.set("POD_NAME", "example-pod")
            .set("POD_NAMESPACE", "event-test")
    }

    pub(crate) fn one_shot(self) -> Self {
        self.set("ONE_SHOT", "true")
    }

    /// A variable that the source is meant to see.
    pub(crate) fn set(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// A variable for the runner, which the source is not meant to see.
    pub(crate) fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// An argument for the runner.
    pub(crate) fn option(mut self, option: impl Into<String>) -> Self {
        self.options.push(option.into());
        self
    }

    /// Another component than heartbeats.
    pub(crate) fn component(self, path: &Path) -> Self {
        self.option(format!("--component={}", path.display()))
    }

    pub(crate) fn flag(mut self, flag: impl Into<String>) -> Self {
        self.flags.push(flag.into());
        self
    }

    pub(crate) fn flags<'a>(self, flags: impl IntoIterator<Item = &'a str>) -> Self {
        flags.into_iter().fold(self, Self::flag)
    }

    /// Keeps compiled code there, not where the other tests keep it.
    pub(crate) fn cache(mut self, directory: &Path) -> Self {
        self.cache = directory.into();
        self
    }

    pub(crate) fn start(self) -> Running {
        Running::start(self.command())
    }

    /// Runs it to its own end.
    pub(crate) fn run(self) -> Ended {
        self.start().wait()
    }

    fn command(self) -> Command {
        let mut command = match self.runner {
            Runner::Host => {
                let mut command = program::clean(program::host(), &self.cache);
                command
                    .arg("run")
                    .args(&self.options)
                    .arg("--")
                    .envs(self.settings);
                command
            }
            Runner::Wasmtime(component) => {
                let mut command = program::clean(program::wasmtime(), &self.cache);
                command
                    .args(["run", "-Shttp", "-Ccache"])
                    .args(&self.options);
                for (name, value) in &self.settings {
                    command.arg("--env").arg(format!("{name}={value}"));
                }
                command.arg(component);
                command
            }
        };
        command.envs(self.env).args(self.flags);
        command
    }
}
