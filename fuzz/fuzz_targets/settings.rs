#![no_main]

#[path = "../../tests/laws/settings.rs"]
mod laws;

libfuzzer_sys::fuzz_target!(|settings: (Vec<String>, [Option<String>; 5])| {
    let (args, variables) = settings;
    laws::hold(&args, &variables);
});
