//! The value of a label as a part of a scope's name.

#![no_main]

use cachewarden_types::fuzzing::label_value;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| label_value(bytes));
