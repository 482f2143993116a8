//! The requests of a client.

#![no_main]

use cachewarden_protocol::fuzzing::protocol;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| protocol(bytes));
