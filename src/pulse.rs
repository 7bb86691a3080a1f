//! The loop: a beat at once, then one at each point of a fixed grid, whatever a beat takes.

mod beat;
pub mod log;
mod world;

use core::time::Duration;

use crate::config::Config;
pub use beat::{Beat, Delivery, attempt, deliver};
pub use world::World;

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As many beats as were asked for, all of them delivered.
    Delivered,
    /// As many beats as were asked for, some of them given up.
    GivenUp,
    /// The sink is gone for good (410).
    Gone,
}

/// Beats until the settings or the sink end it.
///
/// While a beat takes longer than the period at most one further beat is pending, as with a Go ticker: it follows at
/// once, and the grid stays where it was.
pub fn run(config: &Config, world: &mut impl World) -> Ending {
    world.log(&log::started(config, world.wall()));
    let start = world.monotonic();
    let mut all_delivered = true;
    // Points of the grid that have passed, the one that is being served included.
    let mut seen = 0;
    for sequence in 1.. {
        let beat = Beat::now(sequence, world);
        match deliver(config, &beat, world) {
            Delivery::Delivered { .. } => {}
            Delivery::GivenUp { gone: true, .. } => return Ending::Gone,
            Delivery::GivenUp { .. } => all_delivered = false,
        }
        if config.count == Some(sequence) {
            break;
        }
        let passed = nanos(world.monotonic() - start) / nanos(config.period);
        if passed > seen {
            seen = passed;
            continue;
        }
        seen += 1;
        world.sleep_until(start + grid(config, seen));
    }
    if all_delivered {
        Ending::Delivered
    } else {
        Ending::GivenUp
    }
}

/// The distance of a point of the grid from its start.
fn grid(config: &Config, point: u64) -> Duration {
    Duration::from_nanos(nanos(config.period).saturating_mul(point))
}

/// A duration in WASI's unit of time; 584 years are for ever.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
