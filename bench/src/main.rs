//! What heartbeats costs, beside its peers in the same run: `make bench`.

mod churn;
mod cpu;
mod idle;
mod lateness;
mod native;
mod outage;
mod process;
mod rate;
mod results;
mod sink;
mod sources;

use std::path::PathBuf;

use clap::Parser;

/// Measures heartbeats beside its peers, prints tables, and writes target/bench/NAME.json.
#[derive(Parser)]
enum Bench {
    /// The processor time of one event
    Cpu {
        /// How often each sender has its turn
        #[arg(long, default_value_t = 7)]
        rounds: usize,
        /// Only the senders whose names contain this
        #[arg(long, default_value = "")]
        only: String,
        /// What `serve` runs instead of the component that it carries
        #[arg(long)]
        component: Option<PathBuf>,
    },
    /// The memory of sources that rest, and how fast they load
    Idle,
    /// Ten thousand beats a second for a minute, nginx being the sink
    Rate,
    /// How late events come, with and without hostile sources
    Lateness {
        /// How often each case has its turn
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Sources that are added, changed and removed every second
    Churn {
        /// For so long
        #[arg(long, default_value_t = 60)]
        minutes: u64,
    },
    /// A sink that is away, beside one that is not
    Outage {
        /// For so long
        #[arg(long, default_value_t = 10)]
        minutes: u64,
    },
    /// The native peer itself: sends events to K_SINK until it is killed
    #[command(hide = true)]
    Native,
}

fn main() -> anyhow::Result<()> {
    match Bench::parse() {
        Bench::Cpu {
            rounds,
            only,
            component,
        } => cpu::measure(rounds, &only, component.as_deref()),
        Bench::Idle => idle::measure(),
        Bench::Rate => rate::measure(),
        Bench::Lateness { rounds } => lateness::measure(rounds),
        Bench::Churn { minutes } => churn::measure(minutes),
        Bench::Outage { minutes } => outage::measure(minutes),
        Bench::Native => native::send_for_ever(),
    }
}
