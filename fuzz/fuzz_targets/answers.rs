#![no_main]

#[path = "../../tests/laws/answers.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|answer: (u16, Option<String>, String, u64, u64)| {
    let (status, retry_after, body, now, random) = answer;
    laws::hold(status, retry_after, body, now, random);
});
