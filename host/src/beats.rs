//! Whether a beat is still in flight, as seen from the egress: the host can not look into a guest's loop.
//!
//! A beat is in flight from its request until an answer that is final by [`heartbeats::delivery::verdict`]. After a
//! retryable answer, or none, the guest is presumably in its back-off and will try again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heartbeats::delivery::{Verdict, verdict};
use http::HeaderValue;
use tokio::sync::watch;

/// The beats of one source. Clones share their state.
#[derive(Clone, Default)]
pub struct Beats(Arc<Shared>);

/// How much of an id is shown: a guest can send a long one.
const LONGEST_ID: usize = 100;

/// One attempt to deliver a beat. Dropped without an answer, it counts as one that may be tried again.
pub struct Attempt {
    beats: Beats,
    answered: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    settled: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    attempts: usize,
    /// The last outcome asks for another attempt.
    unfinished: bool,
    closing: bool,
    last_status: Option<u16>,
    last_id: Option<HeaderValue>,
}

impl Beats {
    /// Starts an attempt to deliver the event with this `ce-id`, which structured mode has not; `None` once
    /// [closing](Self::close) has nothing left to wait for.
    pub fn attempt(&self, id: Option<HeaderValue>) -> Option<Attempt> {
        let mut state = self.state();
        if state.closing && state.settled() {
            return None;
        }
        state.attempts += 1;
        state.last_id = id;
        Some(Attempt {
            beats: self.clone(),
            answered: false,
        })
    }

    /// From now on only a beat that is in flight may make requests.
    pub fn close(&self) {
        self.change(|state| state.closing = true);
    }

    /// Waits until the source is closed and no beat is in flight.
    pub async fn settled(&self) {
        // The sender lives in `self`, so the wait ends only with `true`.
        let _ = self
            .0
            .settled
            .subscribe()
            .wait_for(|settled| *settled)
            .await;
    }

    /// The status of the last answer.
    pub fn last_status(&self) -> Option<u16> {
        self.state().last_status
    }

    /// The `ce-id` of the last attempt, for a log: a hyphen where it had none that can be shown.
    pub fn last_id(&self) -> String {
        let state = self.state();
        let id = state.last_id.as_ref().and_then(|id| id.to_str().ok());
        id.unwrap_or("-").chars().take(LONGEST_ID).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        self.0
            .settled
            .send_replace(state.closing && state.settled());
    }
}

impl Attempt {
    /// The sink answered with this HTTP status.
    pub fn answer(mut self, status: u16) {
        self.answered = true;
        self.beats.change(|state| {
            state.attempts -= 1;
            state.unfinished = verdict(status) == Verdict::Retryable;
            state.last_status = Some(status);
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.answered {
            self.beats.change(|state| {
                state.attempts -= 1;
                state.unfinished = true;
            });
        }
    }
}

impl State {
    fn settled(&self) -> bool {
        self.attempts == 0 && !self.unfinished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(beats: &Beats) -> bool {
        *beats.0.settled.borrow()
    }

    #[test]
    fn before_the_first_beat_there_is_nothing_to_wait_for() {
        let beats = Beats::default();
        assert!(!settled(&beats), "open");
        beats.close();
        assert!(settled(&beats));
        assert!(beats.attempt(None).is_none());
    }

    #[test]
    fn a_beat_in_flight_finishes() {
        let beats = Beats::default();
        let attempt = beats.attempt(None).unwrap();
        beats.close();
        assert!(!settled(&beats));
        attempt.answer(202);
        assert!(settled(&beats));
        assert!(beats.attempt(None).is_none());
    }

    #[test]
    fn a_beat_in_its_back_off_may_try_again_until_its_answer_is_final() {
        for last in [202, 400, 410, 301] {
            let beats = Beats::default();
            beats.attempt(None).unwrap().answer(503);
            beats.close();
            assert!(!settled(&beats));
            drop(beats.attempt(None).unwrap());
            assert!(!settled(&beats), "no answer is no end");
            beats.attempt(None).unwrap().answer(last);
            assert!(settled(&beats), "{last}");
        }
    }

    #[test]
    fn with_two_attempts_at_once_both_must_end() {
        let beats = Beats::default();
        let (first, second) = (beats.attempt(None).unwrap(), beats.attempt(None).unwrap());
        beats.close();
        first.answer(200);
        assert!(!settled(&beats));
        second.answer(200);
        assert!(settled(&beats));
    }

    #[test]
    fn the_last_event_has_a_name() {
        let beats = Beats::default();
        assert_eq!(beats.last_id(), "-");
        drop(beats.attempt(Some(HeaderValue::from_static("a-1"))));
        assert_eq!(beats.last_id(), "a-1");
        drop(beats.attempt(HeaderValue::from_bytes("é".as_bytes()).ok()));
        assert_eq!(beats.last_id(), "-");
    }

    #[tokio::test]
    async fn a_waiter_is_woken() {
        let beats = Beats::default();
        let attempt = beats.attempt(None).unwrap();
        beats.close();
        let waiter = tokio::spawn({
            let beats = beats.clone();
            async move { beats.settled().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        attempt.answer(202);
        waiter.await.unwrap();
    }
}
