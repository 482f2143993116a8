//! The kind of an object.

#![no_main]

use cachewarden_content::fuzzing::kind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| kind(bytes));
