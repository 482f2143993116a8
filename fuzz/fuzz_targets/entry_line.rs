//! The line of an entry.

#![no_main]

use cachewarden_store::fuzzing::entry_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| entry_line(bytes));
