//! See `checks/facts.rs`.
#![no_main]

#[path = "../checks/facts.rs"]
mod facts;

libfuzzer_sys::fuzz_target!(|input: &[u8]| facts::check(input));
