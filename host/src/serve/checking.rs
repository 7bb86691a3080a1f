//! Asks a component what it thinks of a source's settings; there is no network while it answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::beat::{Runnable, args, env, limits, stopped};
use super::component::Door;
use super::scheduler::Shared;
use crate::beats::Beats;
use crate::client::Client;
use crate::egress::{Egress, Policy};
use crate::manifest::Key;
use crate::sandbox::{Output, Sandbox, Settings, Thread};
use crate::telemetry::Metrics;

/// A component that waits for something has been given up by then: settings can be looked at without.
const TIME: Duration = Duration::from_secs(10);

/// What is wrong with a source's settings in the eyes of its component. A command is not asked: it would beat.
pub(crate) async fn check(
    key: &Key,
    shared: &Shared<Runnable>,
    client: Client,
    output: &Output,
) -> Result<(), String> {
    let Door::Ticker(pre) = &shared.runnable.component().door else {
        return Ok(());
    };
    let limits = limits(shared);
    let nowhere = Arc::new(Policy::default());
    let metrics = Metrics::default();
    let egress = Egress::new(nowhere, client, Beats::default(), &limits, metrics.clone());
    let sandbox = Settings {
        args: args(shared),
        env: env(key, shared, None),
        stdout: output.clone(),
        stderr: output.clone(),
        limits: limits.clone(),
        thread: Thread::Shared,
    };
    let mut store = Sandbox::store(pre.engine(), sandbox, egress);
    let cpu = store.data().cpu();
    let call = async {
        let source = pre.instantiate_async(&mut store).await?;
        let ticker = source.heartbeats_source_ticker();
        ticker.call_check(&mut store).await
    };
    let ticker = &shared.runnable.component().ticker;
    let why = match timeout(TIME, cpu.metered(ticker, call)).await {
        Ok(Ok(answer)) => return answer,
        Ok(Err(trap)) => stopped(&trap, &limits, &metrics),
        Err(_) => format!("it did not answer within {TIME:?}"),
    };
    Err(format!(
        "the component was stopped while it looked at them: {why}"
    ))
}
