#![no_main]

#[path = "../../tests/laws/overrides.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|text: &str| laws::hold(text));
