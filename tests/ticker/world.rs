use std::pin::Pin;
use std::sync::LazyLock;

use heartbeats_host::HEARTBEATS;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::runtime::Runtime;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::support::{Answer, Sink, guests};

mod bindings {
    #![allow(missing_docs, unreachable_pub)]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "source",
        exports: { default: async },
    });
}

pub(crate) use bindings::exports::heartbeats::source::ticker::{Failure, Tick};

/// An instance of heartbeats, and the sink that it was set to.
pub(crate) struct World {
    pub(crate) sink: Sink,
    runtime: Runtime,
    store: Store<State>,
    source: bindings::Source,
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    network: Network,
}

/// The network as it is: what a guest may reach is not what is tried here.
struct Network;

impl World {
    pub(crate) fn answering(answer: impl Into<Answer>) -> Self {
        Self::with_flags(answer, &[])
    }

    pub(crate) fn with_flags(answer: impl Into<Answer>, flags: &[&str]) -> Self {
        // Compiled once for all tests.
        static COMPONENT: LazyLock<Component> =
            LazyLock::new(|| Component::new(&Engine::default(), HEARTBEATS).unwrap());
        Self::of(&COMPONENT, Sink::answering(answer), flags)
    }

    /// A component that traps behind every door.
    pub(crate) fn trapping() -> Self {
        let component = Component::from_file(&Engine::default(), guests::doors()).unwrap();
        Self::of(&component, Sink::answering(202), &[])
    }

    fn of(component: &Component, sink: Sink, flags: &[&str]) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.arg("heartbeats").args(flags).inherit_stderr();
        wasi.env("K_SINK", sink.url())
            .env("POD_NAME", "example-pod")
            .env("POD_NAMESPACE", "event-test");
        let state = State {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            network: Network,
        };
        let mut store = Store::new(component.engine(), state);
        let mut linker = Linker::new(component.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        let runtime = Runtime::new().unwrap();
        let source = runtime
            .block_on(bindings::Source::instantiate_async(
                &mut store, component, &linker,
            ))
            .unwrap();
        Self {
            sink,
            runtime,
            store,
            source,
        }
    }

    pub(crate) fn fire(&mut self, tick: &Tick) -> Result<(), Failure> {
        self.try_fire(tick).unwrap()
    }

    /// `Err` is a trap.
    pub(crate) fn try_fire(&mut self, tick: &Tick) -> wasmtime::Result<Result<(), Failure>> {
        let ticker = self.source.heartbeats_source_ticker();
        self.runtime
            .block_on(ticker.call_fire(&mut self.store, tick))
    }

    pub(crate) fn check(&mut self) -> Result<(), String> {
        let ticker = self.source.heartbeats_source_ticker();
        self.runtime
            .block_on(ticker.call_check(&mut self.store))
            .unwrap()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.network,
        }
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Box<dyn Future<Output = Result<(http::Response<WasiBody>, Io), Error>> + Send>;

impl WasiHttpHooks for Network {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        io: Io,
    ) -> Sent {
        Box::new(async move {
            // The guest's end of the body; it must be driven for the body to come.
            tokio::spawn(Pin::from(io));
            let client = Client::builder(TokioExecutor::new()).build_http::<WasiBody>();
            let response = client
                .request(request)
                .await
                .map_err(|_| Error::ConnectionRefused)?;
            let body = |body: hyper::body::Incoming| body.map_err(Error::Hyper).boxed_unsync();
            Ok((response.map(body), Box::new(async { Ok(()) }) as Io))
        })
    }
}
