//! See `checks/chunks.rs`.
#![no_main]

#[path = "../checks/chunks.rs"]
mod chunks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| chunks::check(input));
