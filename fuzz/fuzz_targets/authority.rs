//! See `checks/authority.rs`.
#![no_main]

#[path = "../checks/authority.rs"]
mod authority;

libfuzzer_sys::fuzz_target!(|input: &[u8]| authority::check(input));
