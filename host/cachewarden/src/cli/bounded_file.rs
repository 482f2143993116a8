//! Files that an operator writes: settings of a policy, and the configuration.

use std::io;
use std::path::Path;

use cachewarden_system::safe_open;

/// Bytes that are read of such a file: more than anybody writes, and no more than a policy should
/// have to parse.
const MOST: u64 = 1024 * 1024;

/// Reads a regular file, whole.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger.
pub(super) fn read(file: &Path) -> io::Result<Vec<u8>> {
    safe_open::read_at_most(file, MOST)?.ok_or_else(|| io::Error::other("it is larger than 1 MiB"))
}
