//! Any bytes as a manifest: read, compiled, and what is accepted printed and drawn.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/soundness.rs"]
mod soundness;

fuzz_target!(|bytes: &[u8]| {
    soundness::hold(bytes);
});
