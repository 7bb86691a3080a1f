//! What was measured: medians with their spread, as a table and as JSON.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

/// The samples of one quantity.
pub(crate) struct Samples {
    pub(crate) name: String,
    pub(crate) values: Vec<f64>,
}

impl Samples {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            values: Vec::new(),
        }
    }

    pub(crate) fn median(&self) -> f64 {
        quantile(&self.values, 0.5)
    }

    fn lowest(&self) -> f64 {
        quantile(&self.values, 0.0)
    }

    fn highest(&self) -> f64 {
        quantile(&self.values, 1.0)
    }

    pub(crate) fn json(&self) -> Value {
        json!({"median": self.median(), "lowest": self.lowest(), "highest": self.highest(), "samples": self.values})
    }
}

/// The value below which this share of them is.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Prints a table with each quantity's ratio to the `references`, medians by medians.
pub(crate) fn print_ratios(unit: &str, all: &[Samples], references: &[&str]) {
    print!("| | {unit}: median (lowest–highest) |");
    references.iter().for_each(|name| print!(" × {name} |"));
    println!("\n|---|---|{}", "---|".repeat(references.len()));
    for samples in all {
        print!(
            "| {} | {:.1} ({:.1}–{:.1}) |",
            samples.name,
            samples.median(),
            samples.lowest(),
            samples.highest()
        );
        for reference in references {
            let reference = all.iter().find(|samples| samples.name == *reference);
            let ratio = samples.median() / reference.map_or(f64::NAN, Samples::median);
            print!(" {ratio:.2} |");
        }
        println!();
    }
}

/// Writes `target/bench/NAME.json`.
pub(crate) fn save(name: &str, result: &Value) -> anyhow::Result<()> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"));
    fs::create_dir_all(&folder)?;
    let file = folder.join(name).with_extension("json");
    fs::write(&file, serde_json::to_string_pretty(result)?)?;
    println!("\n{}", file.canonicalize()?.display());
    Ok(())
}
