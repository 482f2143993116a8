//! Files that an operator writes: settings of a policy, and the configuration.

use std::io::{self, Read};
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
    let (file, _) = safe_open::open_to_read(file)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}
