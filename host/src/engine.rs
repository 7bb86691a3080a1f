//! wasmtime's settings, and components ready to run.

mod cache;
mod ticker;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Enabled, PoolingAllocationConfig, Store};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::CommandPre;

use crate::error::one_line;
use crate::sandbox::{Sandbox, add_http_to_linker};
use crate::{Error, HEARTBEATS};
pub(crate) use ticker::Ticker;

/// A guest that has its thread for itself: only signals and time-outs need a turn, and a process that rests should rest.
const EPOCH_OF_ONE: Duration = Duration::from_millis(100);
/// Guests that share a thread: it is how late one of them can make the others.
const EPOCH_OF_MANY: Duration = Duration::from_millis(1);

/// Compiles components. One serves a whole process.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    ticker: Arc<Ticker>,
}

/// A compiled component that exports `wasi:cli/run`, linked to the sandbox's interfaces.
#[derive(Clone)]
pub struct Command {
    /// What the component is called in logs and as its own first argument.
    pub(crate) name: String,
    pub(crate) pre: CommandPre<Sandbox>,
    pub(crate) ticker: Arc<Ticker>,
}

impl Engine {
    /// An engine for guests that run one at a time, with the user's compilation cache where there is one.
    pub fn new() -> Result<Self, Error> {
        Self::with(EPOCH_OF_ONE, |_| ())
    }

    /// An engine for up to `instances` guests at a time, whose memories are kept ready.
    pub fn pooling(instances: u32) -> Result<Self, Error> {
        Self::with(EPOCH_OF_MANY, |config| {
            config.allocation_strategy(pool(instances));
        })
    }

    fn with(epoch: Duration, change: impl FnOnce(&mut Config)) -> Result<Self, Error> {
        let engine = config()
            .and_then(|mut config| {
                change(&mut config);
                wasmtime::Engine::new(&config)
            })
            .map_err(|error| Error::Engine(one_line(&error)))?;
        let ticker = Ticker::start(&engine, epoch).map_err(Error::thread)?;
        Ok(Self {
            engine,
            ticker: Arc::new(ticker),
        })
    }

    /// The clock of its guests. It must be [woken](Ticker::wake) whenever one of them runs, or nothing interrupts that one.
    pub(crate) fn ticker(&self) -> Arc<Ticker> {
        self.ticker.clone()
    }

    /// The embedded heartbeats component.
    pub fn heartbeats(&self) -> Result<Command, Error> {
        self.command("heartbeats", HEARTBEATS)
    }

    /// The component in a file.
    pub fn open(&self, path: &Path) -> Result<Command, Error> {
        self.command(&name_of(path), &read(path)?)
    }

    /// A component from its bytes.
    pub fn command(&self, name: &str, bytes: &[u8]) -> Result<Command, Error> {
        match CommandPre::new(self.link(name, bytes)?) {
            Ok(pre) => Ok(Command {
                name: name.to_owned(),
                pre,
                ticker: self.ticker.clone(),
            }),
            Err(error) => Err(refused(name, &error, "of the wasi:cli/command world")),
        }
    }

    /// A component, whatever it exports, linked to the sandbox's interfaces.
    pub(crate) fn link(&self, name: &str, bytes: &[u8]) -> Result<InstancePre<Sandbox>, Error> {
        let link = || {
            let component = Component::from_binary(&self.engine, bytes)?;
            let mut linker = Linker::new(&self.engine);
            wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
            add_http_to_linker(&mut linker)?;
            linker.instantiate_pre(&component)
        };
        link().map_err(|error| {
            refused(
                name,
                &error,
                "that needs no more than wasi:cli and wasi:http",
            )
        })
    }
}

/// What the component in a file is called: the file's stem.
pub(crate) fn name_of(path: &Path) -> Cow<'_, str> {
    path.file_stem()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
}

/// The bytes of a component.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|reason| Error::Read {
        path: path.to_owned(),
        reason,
    })
}

/// Runs a command to its end. An error is a trap.
pub(crate) async fn run_to_end(
    pre: &CommandPre<Sandbox>,
    mut store: Store<Sandbox>,
) -> wasmtime::Result<Result<(), ()>> {
    let command = pre.instantiate_async(&mut store).await?;
    let ended = command.wasi_cli_run().call_run(&mut store).await;
    ended.or_else(|error| match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(0)) => Ok(Ok(())),
        Some(I32Exit(_)) => Ok(Err(())),
        None => Err(error),
    })
}

fn refused(name: &str, error: &wasmtime::Error, remedy: &str) -> Error {
    let why = one_line(error);
    Error::Component {
        name: name.to_owned(),
        reason: format!("{why}; it must be a WebAssembly component {remedy}, WASI 0.2"),
    }
}

/// Room for `instances` components as Rust makes them, and most others.
fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * 8)
        .total_memories(instances)
        .total_tables(instances * 4)
        .total_stacks(instances)
        // Clearing what a guest has touched is cheaper than giving it back to the system, if the system tells what that is.
        .linear_memory_keep_resident(1536 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

fn config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .cache(cache::open())
        // For every CPU of the architecture, not for this one: compiled code that an image brings serves on each node.
        .target(env!("HEARTBEATS_TARGET"))?
        // Without it a guest that only computes would hold the thread, and no signal would get through.
        .epoch_interruption(true)
        // What Rust guests of WASI 0.2 do not need is not there to be attacked. GC, exceptions and threads are not compiled in.
        .concurrency_support(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_stack_switching(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_refused_by_name() {
        let engine = Engine::new().unwrap();
        let module = b"\0asm\x01\0\0\0";
        let error = engine.command("mine", module).err().unwrap().to_string();
        assert!(error.starts_with("component mine: "), "{error}");
    }

    #[test]
    fn a_missing_file_is_refused_with_its_path() {
        let error = Engine::new()
            .unwrap()
            .open(Path::new("/no/such.wasm"))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("/no/such.wasm") && error.ends_with("name a readable file"),
            "{error}"
        );
    }
}
