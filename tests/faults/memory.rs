//! One process that runs guest after guest gets its memory back from each.

use std::env;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use heartbeats_host::client::{Proxies, TrustSettings};
use heartbeats_host::engine::Engine;
use heartbeats_host::run::{Source, run_with};
use heartbeats_host::sandbox::{Limits, Output};
use heartbeats_host::shutdown::Stop;
use heartbeats_host::telemetry::{Health, Metrics};

use super::table::{self, Table};
use crate::support::{Ended, Running, guests};

const ROUNDS: usize = 25;
const ATTACKS: [&str; 6] = [
    "memory",
    "stack",
    "handles",
    "one-header",
    "many-headers",
    "trap",
];

/// Set in the process that is measured: other tests would disturb it.
const MEASURED: &str = "HOSTILE_GUEST";

#[test]
fn the_memory_of_the_host_returns_to_where_it_was() {
    if let Some(guest) = env::var_os(MEASURED) {
        measure(guest.as_ref());
        return;
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "faults::memory::the_memory_of_the_host_returns_to_where_it_was",
            "--exact",
            "--nocapture",
        ])
        .env(MEASURED, guests::hostile());

    let ended: Ended = Running::start(command).wait().succeeded();

    let figure = |name: &str| -> u64 {
        let (_, after) = ended.stdout.split_once(&format!("{name}=")).unwrap();
        after.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (before, after, most) = (figure("before"), figure("after"), figure("most"));
    assert_eq!(figure("traps") as usize, ROUNDS * ATTACKS.len());
    assert!(
        after <= before + (8 << 10),
        "{before} KiB, then {after} KiB"
    );
    Table {
        name: "memory",
        heads: &[
            "hostile guests, one after another in one process",
            "of them stopped",
            "memory after the first round",
            "at the end",
            "at the most",
        ],
        rows: vec![vec![
            (ROUNDS * ATTACKS.len()).to_string(),
            (ROUNDS * ATTACKS.len()).to_string(),
            format!("{:.1} MB", table::megabytes(before)),
            format!("{:.1} MB", table::megabytes(after)),
            format!("{:.1} MB", table::megabytes(most)),
        ]],
    }
    .written();
}

fn measure(guest: &std::path::Path) {
    let engine = Engine::new().unwrap();
    let command = engine.open(guest).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let traps = Arc::new(AtomicUsize::new(0));
    let metrics = Metrics::default();
    let round = || {
        for attack in ATTACKS {
            let source = Source {
                args: vec![attack.to_owned()],
                env: Vec::new(),
                allow: Vec::new(),
                trust: TrustSettings::default(),
                proxies: Proxies::default(),
                token: None,
                limits: Limits::default(),
                metrics: metrics.clone(),
                tracing: None,
                health: Health::default(),
                grace_period: std::time::Duration::ZERO,
            };
            let (_stopper, stop) = Stop::channel();
            let (out, _) = Output::new(std::io::sink()).unwrap();
            let (err, _) = Output::new(std::io::sink()).unwrap();
            if runtime
                .block_on(run_with(&command, source, stop, out, err))
                .is_err()
            {
                traps.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    round();
    let (before, _) = memory();
    (1..ROUNDS).for_each(|_| round());
    let (after, most) = memory();
    println!(
        "before={before} after={after} most={most} traps={}",
        traps.load(Ordering::Relaxed)
    );
}

/// Kibibytes that this process holds, and the most that it ever held.
fn memory() -> (u64, u64) {
    crate::support::memory_of(std::process::id()).unwrap()
}
