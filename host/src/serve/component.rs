//! Components, compiled once for each content.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use sha2::{Digest, Sha256};
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::engine::{Engine, Ticker, name_of, read};
use crate::manifest;
use crate::sandbox::Sandbox;
use crate::stamp::Stamp;
use crate::{Error, HEARTBEATS, TICKER};

mod bindings {
    #![allow(missing_docs, unreachable_pub, reason = "the macro makes all of it")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "source",
        exports: { default: async },
    });
}

pub(super) use bindings::SourcePre;
pub(super) use bindings::exports::heartbeats::source::ticker;

/// A component that is ready for instances.
pub(crate) struct Component {
    /// What it is called in logs and as its own first argument.
    pub(super) name: String,
    pub(super) door: Door,
    pub(super) ticker: Arc<Ticker>,
    /// Whether it is one that the host carries, whose flags are known.
    pub(super) is_heartbeats: bool,
}

/// By which of its exports it beats.
pub(super) enum Door {
    /// `heartbeats:source/ticker`: it is told each tick.
    Ticker(SourcePre<Sandbox>),
    /// `wasi:cli/run`: it runs to its end once a tick.
    Command(CommandPre<Sandbox>),
}

impl Door {
    pub(super) fn engine(&self) -> &wasmtime::Engine {
        match self {
            Self::Ticker(pre) => pre.engine(),
            Self::Command(pre) => pre.engine(),
        }
    }
}

/// All components of a process.
pub(crate) struct Components {
    engine: Engine,
    heartbeats: Option<Arc<Component>>,
    files: HashMap<PathBuf, File>,
    by_content: HashMap<[u8; 32], Weak<Component>>,
}

/// A component's file, as it was when it was read.
struct File {
    /// `None`: it was not there.
    stamp: Option<Stamp>,
    /// `None`: it could not be used.
    component: Option<Arc<Component>>,
}

impl std::fmt::Debug for Component {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Component {
    /// Compiles a component that exports the ticker or is a command.
    pub(crate) fn new(engine: &Engine, name: &str, bytes: &[u8]) -> Result<Self, Error> {
        let linked = engine.link(name, bytes)?;
        let door = match SourcePre::new(linked.clone()) {
            Ok(ticker) => Door::Ticker(ticker),
            Err(_) => match CommandPre::new(linked) {
                Ok(command) => Door::Command(command),
                Err(_) => {
                    return Err(Error::Component {
                        name: name.to_owned(),
                        reason: "it exports neither heartbeats:source/ticker nor wasi:cli/run; \
                                 build it for one of these"
                            .into(),
                    });
                }
            },
        };
        Ok(Self {
            name: name.to_owned(),
            door,
            ticker: engine.ticker(),
            is_heartbeats: bytes == HEARTBEATS || bytes == TICKER,
        })
    }
}

impl Components {
    /// None yet.
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            heartbeats: None,
            files: HashMap::new(),
            by_content: HashMap::new(),
        }
    }

    /// The component that a manifest names.
    pub(crate) fn get(&mut self, component: &manifest::Component) -> Result<Arc<Component>, Error> {
        match component {
            manifest::Component::Heartbeats => {
                if let Some(heartbeats) = &self.heartbeats {
                    return Ok(heartbeats.clone());
                }
                let heartbeats = self.compile("heartbeats", TICKER)?;
                self.heartbeats = Some(heartbeats.clone());
                Ok(heartbeats)
            }
            manifest::Component::File(path) => self.file(path),
        }
    }

    /// The files of components.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// Whether a file is another than when it was read. It is read again when somebody asks for it.
    pub(super) fn forget_changed(&mut self) -> bool {
        let before = self.files.len();
        self.files
            .retain(|path, file| Stamp::of(path).ok() == file.stamp);
        self.by_content
            .retain(|_, component| component.strong_count() > 0);
        self.files.len() != before
    }

    fn file(&mut self, path: &Path) -> Result<Arc<Component>, Error> {
        let known = self.files.get(path).and_then(|file| file.component.clone());
        if let Some(component) = known {
            return Ok(component);
        }
        // Before it is read: what changes meanwhile is read again.
        let stamp = Stamp::of(path).ok();
        let component = read(path).and_then(|bytes| self.compile(&name_of(path), &bytes));
        let file = File {
            stamp,
            component: component.as_ref().ok().cloned(),
        };
        self.files.insert(path.to_owned(), file);
        component
    }

    fn compile(&mut self, name: &str, bytes: &[u8]) -> Result<Arc<Component>, Error> {
        let content: [u8; 32] = Sha256::digest(bytes).into();
        if let Some(component) = self.by_content.get(&content).and_then(Weak::upgrade) {
            return Ok(component);
        }
        let component = Arc::new(Component::new(&self.engine, name, bytes)?);
        self.by_content.insert(content, Arc::downgrade(&component));
        Ok(component)
    }
}
