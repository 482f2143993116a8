//! The name of a scope and its folder.

#![no_main]

use cachewarden_types::fuzzing::scope_name;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| scope_name(bytes));
