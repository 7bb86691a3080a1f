//! Settings that some source has: equal ones, and equal parts of those that differ, are kept once.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use crate::egress::Policy;
use crate::manifest::{Cron, Delivery, Schedule, Settings};
use crate::serve::beat::Runnable;
use crate::serve::component::Component;
use crate::serve::scheduler::Shared;

/// What there is.
#[derive(Default)]
pub(super) struct Known {
    hasher: RandomState,
    by_hash: HashMap<u64, Arc<Shared<Runnable>>>,
    /// What many settings have in common that differ in the rest.
    ca_certs: HashSet<Arc<str>>,
    crons: HashSet<Arc<Cron>>,
    deliveries: HashSet<Arc<Delivery>>,
    policies: HashSet<Arc<Policy>>,
}

impl Known {
    pub(super) fn share(
        &mut self,
        settings: Settings,
        component: &Arc<Component>,
    ) -> Arc<Shared<Runnable>> {
        let hash = self.hasher.hash_one(&settings);
        if let Some(known) = self.by_hash.get(&hash)
            && known.settings == settings
            && Arc::ptr_eq(known.runnable.component(), component)
        {
            return known.clone();
        }
        let mut runnable = Runnable::new(component.clone(), &settings);
        for policy in runnable.policies_mut() {
            share_equal(&mut self.policies, policy);
        }
        let shared = Arc::new(Shared { settings, runnable });
        // Those before it with the same hash, by chance or with another component, keep what they have.
        self.by_hash.insert(hash, shared.clone());
        shared
    }

    pub(super) fn share_parts(&mut self, settings: &mut Settings) {
        // Nobody else has it yet, so that nothing is copied.
        let delivery = Arc::make_mut(&mut settings.delivery);
        let dead = delivery.dead_letter_sink.as_deref_mut();
        for sink in std::iter::once(&mut settings.sink).chain(dead) {
            if let Some(ca_certs) = &mut sink.ca_certs {
                share_equal(&mut self.ca_certs, ca_certs);
            }
        }
        share_equal(&mut self.deliveries, &mut settings.delivery);
        if let Schedule::Cron(cron) = &mut settings.schedule {
            share_equal(&mut self.crons, cron);
        }
    }

    pub(super) fn forget_unused(&mut self) {
        self.by_hash.retain(|_, known| Arc::strong_count(known) > 1);
        self.ca_certs.retain(|known| Arc::strong_count(known) > 1);
        self.crons.retain(|known| Arc::strong_count(known) > 1);
        self.deliveries.retain(|known| Arc::strong_count(known) > 1);
        self.policies.retain(|known| Arc::strong_count(known) > 1);
    }
}

/// Replaces a thing by one of the known that is equal, or makes it known.
fn share_equal<T: Eq + Hash + ?Sized>(known: &mut HashSet<Arc<T>>, thing: &mut Arc<T>) {
    match known.get(thing) {
        Some(known) => *thing = known.clone(),
        None => drop(known.insert(thing.clone())),
    }
}
