//! What a guest is given: arguments, variables, two outputs, HTTP to its sink. No files, no sockets, nothing else.

mod limits;
mod outgoing;
mod output;

use wasmtime::component::ResourceTable;
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::egress::Egress;

pub(crate) use outgoing::add_http_to_linker;

pub use limits::Limits;
pub use output::Output;

/// What a source's author and operator decide about its sandbox.
pub struct Settings {
    /// The guest's arguments, its own name first.
    pub args: Vec<String>,
    /// The guest's whole environment.
    pub env: Vec<(String, String)>,
    /// Where its standard output goes.
    pub stdout: Output,
    /// Where its standard error goes.
    pub stderr: Output,
    /// How much of everything it may use.
    pub limits: Limits,
}

/// The state behind one guest's imports.
pub struct Sandbox {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    table: ResourceTable,
    store_limits: StoreLimits,
}

impl Sandbox {
    /// A store for one instance, with every limit set.
    pub(crate) fn store(
        engine: &wasmtime::Engine,
        settings: Settings,
        egress: Egress,
    ) -> Store<Self> {
        let Settings {
            args,
            env,
            stdout,
            stderr,
            limits,
        } = settings;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.header_bytes);
        let wasi = WasiCtx::builder()
            .args(&args)
            .envs(&env)
            .stdout(stdout)
            .stderr(stderr)
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(limits.random_bytes)
            .build();
        let store_limits = StoreLimitsBuilder::new()
            .memory_size(limits.memory_bytes)
            .memories(limits.memories)
            .tables(limits.tables)
            .table_elements(limits.table_elements)
            .instances(limits.instances)
            // A guest that gets no memory would abort anyway; the trap says why.
            .trap_on_grow_failure(true)
            .build();

        let mut store = Store::new(
            engine,
            Self {
                wasi,
                http,
                egress,
                table,
                store_limits,
            },
        );
        store.limiter(|sandbox| &mut sandbox.store_limits);
        store.set_hostcall_fuel(limits.hostcall_bytes);
        store.set_max_component_handles(limits.handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        store
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.egress,
        }
    }
}
