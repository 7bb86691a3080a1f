//! How many connections a process may have open, idle ones too.

use std::cell::Cell;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::pool::Pool;

/// How long a request waits for a socket when all are taken.
const PATIENCE: Duration = Duration::from_secs(1);

/// A number of sockets that clients share, by default without a bound. Clones share it too.
#[derive(Clone, Default)]
pub struct Sockets(Option<Arc<Shared>>);

struct Shared {
    limit: usize,
    free: Arc<Semaphore>,
    /// Where idle connections are.
    pools: Mutex<Vec<Weak<Pool>>>,
}

/// One that a connection has, until it is dropped; `None` where nobody counts.
pub(super) type Socket = Option<OwnedSemaphorePermit>;

/// All sockets are taken.
#[derive(Debug, thiserror::Error)]
#[error("all {0} sockets of this process are in use; allow more with --sockets")]
pub(super) struct NoSocket(usize);

impl Sockets {
    /// At most so many.
    pub fn new(limit: usize) -> Self {
        Self(Some(Arc::new(Shared {
            limit,
            free: Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))),
            pools: Mutex::default(),
        })))
    }

    /// How many are in use.
    pub fn in_use(&self) -> usize {
        self.0.as_ref().map_or(0, |shared| {
            shared.limit - shared.free.available_permits().min(shared.limit)
        })
    }

    /// Idle connections of this pool are closed where others need sockets.
    pub(super) fn lend(&self, pool: &Arc<Pool>) {
        if let Some(shared) = &self.0 {
            let mut pools = shared.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.retain(|pool| pool.strong_count() > 0);
            pools.push(Arc::downgrade(pool));
        }
    }

    /// A socket for the connection that a request may need; where none is free, those of idle connections become so.
    ///
    /// It is taken before the request asks the pool: one that waits must not hold the pool, for with it it would hold the idle
    /// connections that it waits for.
    pub(super) async fn reserve(&self) -> Result<Socket, NoSocket> {
        let Some(shared) = &self.0 else {
            return Ok(None);
        };
        if let Ok(socket) = shared.free.clone().try_acquire_owned() {
            return Ok(Some(socket));
        }
        shared.close_idle();
        // Those who wait are served in their order.
        match timeout(PATIENCE, shared.free.clone().acquire_owned()).await {
            Ok(Ok(socket)) => Ok(Some(socket)),
            _ => Err(NoSocket(shared.limit)),
        }
    }
}

tokio::task_local! {
    static RESERVED: Cell<Socket>;
}

/// Makes a request with a socket reserved for it, which is free again if it needs none.
pub(super) async fn with<T>(socket: Socket, request: impl Future<Output = T>) -> T {
    RESERVED.scope(Cell::new(socket), request).await
}

/// The socket of the request that is being made, for its connection.
pub(super) fn reserved() -> Socket {
    RESERVED.try_with(Cell::take).ok().flatten()
}

impl Shared {
    fn close_idle(&self) {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pools: Vec<_> = pools.iter().filter_map(Weak::upgrade).collect();
        for pool in pools {
            pool.close_idle();
        }
    }
}
