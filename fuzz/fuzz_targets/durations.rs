#![no_main]

#[path = "../../tests/laws/durations.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::hold(text));
