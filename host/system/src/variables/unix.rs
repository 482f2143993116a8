//! Letters count as they are.

use std::ffi::OsString;

pub(super) fn spelled(name: OsString) -> OsString {
    name
}
