//! Every recorded case of `golden/cases.jsonl`, in our host and under the real `wasmtime`. (In the image: `deployed::image`.)

mod case;
mod verdict;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use case::Case;

use crate::support::Source;

/// Most of a case is waiting: for a start, an answer, a back-off.
const AT_A_TIME: usize = 6;

#[test]
fn every_recorded_case_holds_in_our_host() {
    hold_all(Source::in_host);
}

#[test]
fn every_recorded_case_holds_under_wasmtime() {
    hold_all(Source::in_wasmtime);
}

/// Runs all cases before it tells of those that fail.
pub(crate) fn hold_all(runner: fn() -> Source) {
    let cases = Case::all();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(failure) = case.run(runner()) {
                        failures.lock().unwrap().push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {} cases failed\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
