//! The memory of sources that rest, and how fast they load.

use serde_json::{Map, Value, json};

use crate::process::settle;
use crate::results::save;
use crate::sources::Sources;

/// Every source with settings of its own, or all but the name shared.
const KINDS: [(&str, bool); 2] = [("settings of its own", true), ("shared settings", false)];
const COUNTS: [usize; 2] = [100_000, 1_000_000];

/// Measures, prints and saves.
pub(crate) fn measure() -> anyhow::Result<()> {
    // Compiles the component, which afterwards is in the cache, as in the image.
    memory(1, true)?;
    let empty = memory(0, true)?.bytes;
    println!(
        "| sources | each with | loaded in s | MB in all | highest MB | bytes a source |\n|---|---|---|---|---|---|"
    );
    println!("| 0 | | | {:.1} | | |", empty as f64 / 1e6);
    let mut result = Map::new();
    for count in COUNTS {
        for (kind, own) in KINDS {
            let loaded = memory(count, own)?;
            let each = (loaded.bytes - empty) as f64 / count as f64;
            println!(
                "| {count} | {kind} | {:.1} | {:.1} | {:.1} | {each:.0} |",
                loaded.seconds,
                loaded.bytes as f64 / 1e6,
                loaded.highest as f64 / 1e6
            );
            result.insert(
                format!("{count}, {kind}"),
                json!({"seconds": loaded.seconds, "bytes": loaded.bytes, "highest_bytes": loaded.highest, "bytes_each": each}),
            );
        }
    }
    result.insert("empty".to_owned(), json!({"bytes": empty}));
    save("idle", &Value::Object(result))
}

struct Loaded {
    seconds: f64,
    bytes: u64,
    highest: u64,
}

fn memory(count: usize, own: bool) -> anyhow::Result<Loaded> {
    let sources = Sources::new()?;
    sources.write("all", 0..count, |number| {
        let label = if own { number } else { 0 };
        format!(
            "sink: {{uri: 'http://127.0.0.1:9/'}}, schedule: '0 0 1 1 *', args: ['--label={label}']"
        )
    })?;
    let serve = sources.serve()?;
    settle();
    Ok(Loaded {
        seconds: serve.loaded_in.as_secs_f64(),
        bytes: serve.process.memory()?,
        highest: serve.process.highest_memory()?,
    })
}
