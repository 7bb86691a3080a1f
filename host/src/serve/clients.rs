//! The clients of one thread: one for each trust, so that sources with the same trust share connections, and no others do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::client::{Client, Proxies, Sockets, Trust, TrustError};
use crate::telemetry::Tracer;

/// Clients for authorities of sinks' own that a thread keeps: each holds all that is trusted, and its connections.
const KEPT: usize = 64;
/// A client that nobody has used for so long is not kept.
const UNUSED: Duration = Duration::from_secs(300);

/// Clients that are made when they are needed. Clones share them.
#[derive(Clone)]
pub(super) struct Clients(Arc<Shared>);

struct Shared {
    /// For sinks without authorities of their own.
    usual: Client,
    trust: Trust,
    proxies: Proxies,
    sockets: Sockets,
    tracer: Option<Tracer>,
    others: Mutex<Recent<Client>>,
}

impl Clients {
    pub(super) fn new(
        trust: Trust,
        proxies: Proxies,
        sockets: Sockets,
        tracer: Option<Tracer>,
    ) -> Result<Self, TrustError> {
        let usual = Client::sharing(&sockets, trust.clone(), proxies.clone())?;
        Ok(Self(Arc::new(Shared {
            usual: usual.traced_by(tracer.clone()),
            trust,
            proxies,
            sockets,
            tracer,
            others: Mutex::default(),
        })))
    }

    /// The client that trusts these authorities, PEM text, besides those that the process trusts.
    pub(super) fn trusting(&self, ca_certs: Option<&Arc<str>>) -> Result<Client, TrustError> {
        let Some(ca_certs) = ca_certs else {
            return Ok(self.0.usual.clone());
        };
        let mut others = self.0.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.get(ca_certs, Instant::now(), || {
            let trust = self.0.trust.and(ca_certs.clone());
            let client = Client::sharing(&self.0.sockets, trust, self.0.proxies.clone())?;
            Ok(client.traced_by(self.0.tracer.clone()))
        })
    }
}

/// What was used last, by a text.
struct Recent<T>(HashMap<Arc<str>, (T, Instant)>);

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Clone> Recent<T> {
    fn get<E>(
        &mut self,
        text: &Arc<str>,
        now: Instant,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some((known, used)) = self.0.get_mut(text) {
            *used = now;
            return Ok(known.clone());
        }
        let made = make()?;
        self.0.retain(|_, (_, used)| now - *used < UNUSED);
        if self.0.len() >= KEPT
            && let Some((oldest, _)) = self.0.iter().min_by_key(|(_, (_, used))| *used)
        {
            let oldest = oldest.clone();
            self.0.remove(&oldest);
        }
        self.0.insert(text.clone(), (made.clone(), now));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of things made, and what is kept of them.
    struct World {
        recent: Recent<u32>,
        made: u32,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self {
                recent: Recent::default(),
                made: 0,
                now: Instant::now(),
            }
        }

        fn get(&mut self, text: &str) -> u32 {
            let next = self.made + 1;
            let got = self
                .recent
                .get(&text.into(), self.now, || Ok::<_, ()>(next))
                .unwrap();
            self.made = self.made.max(got);
            got
        }
    }

    #[test]
    fn one_is_made_for_each_text() {
        let mut world = World::new();
        assert_eq!(["a", "b", "a"].map(|text| world.get(text)), [1, 2, 1]);
    }

    #[test]
    fn what_nobody_uses_is_dropped_when_another_is_made() {
        let mut world = World::new();
        world.get("old");
        world.now += UNUSED / 2;
        world.get("used");
        world.now += UNUSED / 2;
        world.get("new");
        assert_eq!(world.recent.0.len(), 2);
        assert_eq!((world.get("used"), world.get("old")), (2, 4));
    }

    #[test]
    fn a_tenant_with_a_great_many_authorities_costs_no_more_than_a_few() {
        let mut world = World::new();
        for n in 0..10 * KEPT {
            world.now += Duration::from_millis(1);
            world.get(&n.to_string());
        }
        assert_eq!(world.recent.0.len(), KEPT);
    }
}
