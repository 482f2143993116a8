//! The messages between the daemon and its clients.

#![no_main]

use cachewarden_connect::fuzzing::messages;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| messages(bytes));
