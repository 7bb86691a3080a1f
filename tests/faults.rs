//! What can go wrong, and what became of it: sinks that break, guests that attack, and a signal at any moment.
//!
//! `make faults` runs the same faults and writes what was measured into `docs/reliability.md`.

mod chance;
mod guests;
mod memory;
mod signals;
mod sinks;
mod table;
