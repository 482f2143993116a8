//! A recording.

#![no_main]

use cachewarden_recording::fuzzing::recording;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recording(bytes));
