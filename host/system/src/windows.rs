//! What several modules here need to call Windows.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{Component, Path, Prefix};

/// The error of the call that has just failed, if it failed.
pub(crate) fn done(result: windows_sys::core::BOOL) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A path as Windows takes it, with a null at its end. It is absolute and begins with `\\?\`, since
/// others may have 260 characters at most.
pub(crate) fn wide(path: &Path) -> io::Result<Vec<u16>> {
    let path = std::path::absolute(path)?;
    let prefix = match path.components().next() {
        Some(Component::Prefix(prefix)) => Some(prefix.kind()),
        _ => None,
    };
    let mut wide: Vec<u16> = Vec::new();
    match prefix {
        Some(Prefix::Disk(_)) => {
            wide.extend(OsStr::new(r"\\?\").encode_wide());
            wide.extend(path.as_os_str().encode_wide());
        }
        Some(Prefix::UNC(..)) => {
            wide.extend(OsStr::new(r"\\?\UNC").encode_wide());
            // One of its two backslashes is left.
            wide.extend(path.as_os_str().encode_wide().skip(1));
        }
        _ => wide.extend(path.as_os_str().encode_wide()),
    }
    if wide.contains(&0) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a path has a null in it",
        ));
    }
    wide.push(0);
    Ok(wide)
}
