//! See `checks/redactor.rs`.
#![no_main]

#[path = "../checks/redactor.rs"]
mod redactor;

libfuzzer_sys::fuzz_target!(|input: &[u8]| redactor::check(input));
