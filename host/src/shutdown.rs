//! Signals: the first asks to finish, the second insists.

use std::io;

use tokio::sync::watch;

/// Tells a command when to stop. Clones see the same signals.
#[derive(Clone)]
pub struct Stop(watch::Receiver<u32>);

/// The other end of a [`Stop`].
pub struct Stopper(watch::Sender<u32>);

impl Stop {
    /// A stop that is given by hand.
    pub fn channel() -> (Stopper, Self) {
        let (sender, receiver) = watch::channel(0);
        (Stopper(sender), Self(receiver))
    }

    /// A stop that is given by `SIGTERM` or `SIGINT`. Needs a runtime.
    pub fn on_signals() -> io::Result<Self> {
        let (stopper, stop) = Self::channel();
        let mut signals = Signals::listen()?;
        tokio::spawn(async move {
            loop {
                signals.next().await;
                stopper.stop();
            }
        });
        Ok(stop)
    }

    /// Waits for the first signal.
    pub async fn asked(&mut self) {
        self.at_least(1).await;
    }

    /// Waits for the second signal.
    pub async fn insisted(&mut self) {
        self.at_least(2).await;
    }

    async fn at_least(&mut self, signals: u32) {
        if self.0.wait_for(|seen| *seen >= signals).await.is_err() {
            // Nobody is left who could ask.
            std::future::pending().await
        }
    }
}

impl Stopper {
    /// What a signal does.
    pub fn stop(&self) {
        self.0.send_modify(|seen| *seen += 1);
    }
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_signal_insists() {
        let (stopper, mut stop) = Stop::channel();
        stopper.stop();
        stop.asked().await;
        let insisted = tokio::spawn({
            let mut stop = stop.clone();
            async move { stop.insisted().await }
        });
        tokio::task::yield_now().await;
        assert!(!insisted.is_finished());
        stopper.stop();
        insisted.await.unwrap();
    }
}
