//! The settings of a policy. Their file is compiled here alone, without the crate that it stands in and its engine.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../host/policy/src/canonical.rs"]
pub mod canonical;

fuzz_target!(|bytes: &[u8]| canonical::settings(bytes));
