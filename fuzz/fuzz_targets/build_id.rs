//! Whether an object's build ID names its action.

#![no_main]

use cachewarden_content::fuzzing::build_id;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| build_id(bytes));
