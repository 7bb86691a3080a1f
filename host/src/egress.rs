//! The one way out of a sandbox: a policy decides, then the pooled client sends. Redirects are the guest's to see, never followed.

mod address;
mod bounded;
mod hits;
mod policy;

use std::sync::Arc;
use std::time::Instant;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, PROXY_AUTHORIZATION};
use http::uri::Scheme;
use http::{HeaderMap, HeaderName, Request, Response};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody,
    WasiHttpHooks,
};

use crate::beats::Beats;
use crate::client::{Client, Timeouts, drain_request};
use crate::event::look_into;
use crate::identity::Token;
use crate::sandbox::{Limit, Limits};
use crate::sparing::Sparing;
use crate::telemetry::{Metrics, Outcomes};
use bounded::bounded;
use hits::Hits;

pub(crate) use address::refused;
pub use policy::{Denied, HostPort, HostPortError, Place, Policy};

/// Bytes of a request's body that are buffered at once between a guest and the client.
const CHUNK: usize = 64 << 10;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send>;

/// One sandbox's way out.
pub struct Egress {
    policy: Arc<Policy>,
    client: Client,
    beats: Beats,
    outcomes: Outcomes,
    metrics: Metrics,
    hits: Arc<Hits>,
    slots: Arc<Semaphore>,
    denials: Sparing,
    token: Option<Arc<Token>>,
    /// Of the request that comes next.
    options: Option<RequestOptions>,
}

impl Egress {
    /// Requests that `policy` allows go to `client` within `limits`, and are noted in `beats` and `metrics`.
    pub fn new(
        policy: Arc<Policy>,
        client: Client,
        beats: Beats,
        limits: &Limits,
        metrics: Metrics,
    ) -> Self {
        Self {
            policy,
            client,
            beats,
            outcomes: Outcomes::new(metrics.clone()),
            hits: Arc::new(Hits::new(limits.clone(), metrics.clone())),
            metrics,
            slots: Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS))),
            denials: Sparing::default(),
            token: None,
            options: None,
        }
    }
}

impl Egress {
    /// Shows this token to the sink, and to nobody else. The guest cannot set `Authorization` itself then.
    pub fn identified_by(mut self, token: Option<Arc<Token>>) -> Self {
        self.token = token;
        self
    }

    pub(crate) fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    pub(crate) fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }

    /// The options of the next request; they come ahead of it, by the sandbox's own `outgoing-handler`.
    pub(crate) fn set_options(&mut self, options: Option<RequestOptions>) {
        self.options = options;
    }
}

impl WasiHttpHooks for Egress {
    /// All of them: the policy refuses, so that every refusal looks the same.
    fn is_supported_scheme(&mut self, _: &Scheme) -> bool {
        true
    }

    fn default_scheme(&mut self) -> Option<Scheme> {
        None
    }

    /// The client makes the `Host` header from the URI that the policy has seen.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        is_forbidden(name, self.token.is_some())
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let identified = self.token.is_some();
        Arc::new(move |name| is_forbidden(name, identified))
    }

    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Io,
    ) -> Sending {
        let mut outcomes = None;
        match self.policy.check(request.method(), request.uri()) {
            Ok(Place::Sink) => {
                outcomes = Some(self.outcomes.clone());
                if let Some(token) = &self.token {
                    request.headers_mut().insert(AUTHORIZATION, token.bearer());
                }
            }
            Ok(Place::Allowed) => {}
            Err(denied) => {
                self.metrics.denial();
                if let Some(requests) = self.denials.due() {
                    tracing::warn!(requests, "request denied: {denied}");
                }
                // The guest may still be writing, and a closed stream would hide the reason from it.
                drain_request(request.into_body());
                return Box::new(async { Err(Error::HttpRequestDenied) });
            }
        }
        let timeouts = Timeouts::new(self.options.take().or(options));
        let hits = self.hits.clone();
        if declared(request.headers()) > hits.bytes(Limit::RequestBody) {
            let error = hits.too_long(Limit::RequestBody);
            drain_request(request.into_body());
            return Box::new(async { Err(error) });
        }
        let request = request.map(|body| bounded(body, Limit::RequestBody, hits.clone()));
        let (client, beats, metrics) = (
            self.client.clone(),
            self.beats.clone(),
            self.metrics.clone(),
        );
        let slot = self.slots.clone().try_acquire_owned();
        Box::new(async move {
            let slot = slot.map_err(|_| hits.too_many())?;
            let (request, event) = look_into(request).await;
            let Some(attempt) = beats.attempt(event.id.clone()) else {
                // The source is being stopped, and an error would only make the guest log a failure that is none.
                return std::future::pending().await;
            };
            let counted =
                outcomes.map(|outcomes| outcomes.attempt(event.id.clone(), Instant::now()));
            let answer = client.send(request, &event, timeouts).await;
            let response = answer.inspect_err(|error| {
                if matches!(error, Error::DestinationIpProhibited) {
                    metrics.denial();
                }
            })?;
            let status = response.status().as_u16();
            attempt.answer(status);
            if let Some(counted) = counted {
                counted.answer(status);
            }
            let response =
                response.map(|body| bounded(body.holding(slot).boxed(), Limit::AnswerBody, hits));
            Ok((response, Box::new(async { Ok(()) }) as Io))
        })
    }
}

/// What the request says about the length of its body.
fn declared(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    length.unwrap_or_default()
}

/// Besides what belongs to the connection: a proxy's password is the operator's, and so is the token.
fn is_forbidden(name: &HeaderName, identified: bool) -> bool {
    DEFAULT_FORBIDDEN_HEADERS.contains(name)
        || name == PROXY_AUTHORIZATION
        || (identified && name == AUTHORIZATION)
}

#[cfg(test)]
mod tests;
