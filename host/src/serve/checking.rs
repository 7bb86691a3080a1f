//! Asks a component what it thinks of a source's settings; there is no network while it answers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::beat::{Runnable, args, env, limits};
use super::component::Door;
use super::metered::{Exhausted, Metered};
use super::scheduler::Shared;
use crate::beats::Beats;
use crate::client::Client;
use crate::egress::{Egress, Policy};
use crate::error::one_line;
use crate::manifest::Key;
use crate::sandbox::{Output, Sandbox, Settings};
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
    let egress = Egress::new(
        nowhere,
        client,
        Beats::default(),
        &limits,
        Metrics::default(),
    );
    let sandbox = Settings {
        args: args(shared),
        env: env(key, shared, None),
        stdout: output.clone(),
        stderr: output.clone(),
        limits,
    };
    let call = async {
        let mut store = Sandbox::store(pre.engine(), sandbox, egress);
        let source = pre.instantiate_async(&mut store).await?;
        let ticker = source.heartbeats_source_ticker();
        ticker.call_check(&mut store).await
    };
    let stopped = |why: String| {
        Err(format!(
            "the component was stopped while it looked at them: {why}"
        ))
    };
    let cpu = shared.settings.limits.cpu;
    let ticker = shared.runnable.component().ticker.clone();
    match timeout(TIME, Metered::new(call, cpu, ticker)).await {
        Ok(Ok(Ok(Ok(())))) => Ok(()),
        Ok(Ok(Ok(Err(refused)))) => Err(refused),
        Ok(Ok(Err(trap))) => stopped(one_line(&trap)),
        Ok(Err(Exhausted)) => stopped(format!("it computed for longer than {cpu:?}")),
        Err(_) => stopped(format!("it did not answer within {TIME:?}")),
    }
}
