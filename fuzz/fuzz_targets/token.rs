//! The parts of a token, and a key set.

#![no_main]

use cachewarden_tokens::fuzzing::token;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| token(bytes));
