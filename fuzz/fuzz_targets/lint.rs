//! See `checks/lint.rs`.
#![no_main]

#[path = "../checks/lint.rs"]
mod lint;

libfuzzer_sys::fuzz_target!(|input: &[u8]| lint::check(input));
