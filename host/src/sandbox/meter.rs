//! What wasmtime asks before a guest grows.

use wasmtime::ResourceLimiter;

use super::limits::{Limit, Limits};
use crate::telemetry::Metrics;

/// Refuses what is above the limits, and keeps count of the memory.
pub(super) struct Meter {
    limits: Limits,
    metrics: Metrics,
    memory: usize,
}

impl Meter {
    pub(super) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self {
            limits,
            metrics,
            memory: 0,
        }
    }
}

/// Growing above a limit is a trap: a guest that gets no memory would abort anyway, and the trap says why.
impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limits.memory_bytes {
            return Err(self.limits.hit(Limit::Memory).into());
        }
        // The guest's own maximum is no limit of ours.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current);
        self.memory += more;
        self.metrics.memory_grew(more);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limits.table_elements {
            return Err(self.limits.hit(Limit::TableElements).into());
        }
        Ok(maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.tables
    }

    fn memories(&self) -> usize {
        self.limits.memories
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.metrics.memory_shrank(self.memory);
    }
}
