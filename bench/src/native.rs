//! The native peer: the same event by a hyper-util client, one after the other on one thread, as fast as it goes.

use std::env::var;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use uuid::Uuid;

/// Sends until it is killed.
pub(crate) fn send_for_ever() -> anyhow::Result<()> {
    let sink: Uri = var("K_SINK")?.parse()?;
    let source = format!(
        "https://knative.dev/eventing-contrib/cmd/heartbeats/#{}/{}",
        var("POD_NAMESPACE")?,
        var("POD_NAME")?
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).build_http();
        for sequence in 1_u64.. {
            let response = client.request(event(&sink, &source, sequence)?).await;
            let response = response.context("the sink gave no answer")?;
            ensure!(
                response.status() == 202,
                "the sink answered {}",
                response.status()
            );
            response.into_body().collect().await?;
        }
        Ok(())
    })
}

fn event(sink: &Uri, source: &str, sequence: u64) -> anyhow::Result<Request<Full<Bytes>>> {
    let body = serde_json::to_vec(&serde_json::json!({"id": sequence, "label": ""}))?;
    Ok(Request::post(sink)
        .header("ce-id", Uuid::new_v4().to_string())
        .header("ce-source", source)
        .header("ce-specversion", "1.0")
        .header(
            "ce-time",
            DateTime::<Utc>::from(SystemTime::now()).to_rfc3339_opts(SecondsFormat::Nanos, true),
        )
        .header("ce-type", "dev.knative.eventing.samples.heartbeat")
        .header("ce-beats", "true")
        .header("ce-heart", "yes")
        .header("ce-the", "42")
        .header("content-type", "application/json")
        .body(Full::from(body))?)
}
