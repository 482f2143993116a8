//! The records of witnesses.

#![no_main]

use cachewarden_store::fuzzing::witness_records;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| witness_records(bytes));
