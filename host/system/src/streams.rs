//! The standard streams of a helper, through which a go command speaks to it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

/// What has a descriptor, or on Windows a handle.
pub use system::AsStream;

/// Keeps this process's standard streams from its children. On Windows a child would hold all of
/// them, whatever it is given, and the go command waits for the end of each. On Unix a child has
/// those that it is given.
pub fn keep_from_children() {
    system::keep_from_children();
}

/// Standard input as a file, without the buffer and the lock of the standard library's.
///
/// # Errors
/// When there is none, or no descriptor is left.
pub fn take_stdin() -> io::Result<File> {
    system::take_stdin()
}

/// Standard output, for answers alone: whatever else would print there prints to standard error. So
/// the stream ends with the last answer, and the go command, which waits for that
/// (docs/protocol.md#waits-for-eof), does not wait for this process to end.
///
/// # Errors
/// When there is none, or no descriptor is left.
pub fn take_stdout() -> io::Result<File> {
    system::take_stdout()
}
