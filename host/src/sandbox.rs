//! What a guest is given: arguments, variables, two outputs, HTTP to its sink. No files, no sockets, nothing else.

mod cpu;
mod limits;
mod meter;
mod outgoing;
mod output;
mod rate;

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::egress::Egress;
use cpu::Cpu;
use meter::Meter;
use rate::Rate;

pub(crate) use outgoing::add_http_to_linker;

pub use cpu::Thread;
pub(crate) use limits::hit_by;
pub use limits::{Hit, Limit, Limits, SetBy, Setting, SettingError};
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
    /// Who else computes on its thread.
    pub thread: Thread,
}

/// The state behind one guest's imports.
pub struct Sandbox {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    egress: Egress,
    table: ResourceTable,
    meter: Meter,
    cpu: Cpu,
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
            thread,
        } = settings;
        let metrics = egress.metrics();
        let rate = Arc::new(Rate::new(limits.clone(), metrics.clone()));
        let cpu = Cpu::new(limits.clone(), thread);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.header_bytes);
        let wasi = WasiCtx::builder()
            .args(&args)
            .envs(&env)
            .stdout(stdout.at_most(rate.clone()))
            .stderr(stderr.at_most(rate))
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(limits.random_bytes)
            .build();
        let (handles, hostcall_bytes) = (limits.handles, limits.hostcall_bytes);

        let mut store = Store::new(
            engine,
            Self {
                wasi,
                http,
                egress,
                table,
                meter: Meter::new(limits, metrics),
                cpu: cpu.clone(),
            },
        );
        store.limiter(|sandbox| &mut sandbox.meter);
        store.set_hostcall_fuel(hostcall_bytes);
        store.set_max_component_handles(handles);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| cpu.epoch());
        store
    }

    /// The account of the time that the guest computes.
    pub(crate) fn cpu(&self) -> Cpu {
        self.cpu.clone()
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
