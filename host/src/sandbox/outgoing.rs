//! `wasi:http/outgoing-handler` without the leak of wasmtime-wasi-http 48.0.8.
//!
//! Its `handle` takes the request's options and never removes them from the resource table: one entry a request, until
//! the table is full and the guest traps. Here they are taken out first and go to the [`Egress`](crate::egress::Egress).

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiHttp, WasiHttpView};

use super::Sandbox;

type Arguments = (
    Resource<HostOutgoingRequest>,
    Option<Resource<RequestOptions>>,
);
type Returned = (Result<Resource<HostFutureIncomingResponse>, ErrorCode>,);

/// Links `wasi:http/types` as wasmtime has it, and the mended `outgoing-handler`.
pub(crate) fn add_http_to_linker(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    let options = LinkOptions::default();
    types::add_to_linker::<_, WasiHttp>(linker, &options.into(), Sandbox::http)?;
    // The version of wasmtime's own interfaces; the linker matches it with every 0.2.
    linker
        .instance("wasi:http/outgoing-handler@0.2.12")?
        .func_wrap("handle", handle)
}

fn handle(
    mut store: StoreContextMut<'_, Sandbox>,
    (request, options): Arguments,
) -> wasmtime::Result<Returned> {
    let sandbox = store.data_mut();
    let options = options
        .map(|options| sandbox.table.delete(options))
        .transpose()?;
    sandbox.egress.set_options(options);
    match sandbox.http().handle(request, None) {
        Ok(response) => Ok((Ok(response),)),
        // What is no error code is a trap.
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}
