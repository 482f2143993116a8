//! The standard streams of a helper, through which a go command speaks to it.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::File;
use std::io::{self, Write};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use crate::wakeup::Input;

/// What has a descriptor, or on Windows a handle.
pub use system::AsStream;

/// A descriptor, or on Windows a handle.
pub use system::OwnedStream;

/// The bytes that a pipe takes without blocking when it has room for any (PIPE_BUF on Linux, and at
/// least that elsewhere).
pub const ATOMIC_WRITE: usize = 4096;

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
pub fn take_stdin() -> io::Result<Input> {
    system::take_stdin()
}

/// A stream that can be read, and waited for. Nothing else may read it.
pub fn input(stream: impl Into<OwnedStream>) -> Input {
    system::input(stream)
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

/// Writes as much as a stream takes without blocking; 0 where it takes nothing now. That is always
/// so on Windows, where nobody can ask a pipe for room.
///
/// # Errors
/// When the stream takes nothing any more.
pub fn write_now<W: AsStream>(stream: &W, bytes: &[u8]) -> io::Result<usize>
where
    for<'stream> &'stream W: Write,
{
    system::write_now(stream, bytes)
}
