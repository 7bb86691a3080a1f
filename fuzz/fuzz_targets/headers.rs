#![no_main]

#[path = "../../tests/laws/headers.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|event: (&str, &str, &str, &str, &str)| {
    let (id, source, event_type, extension, data) = event;
    laws::hold_in_an_event(id, source, event_type, extension, data);
});
