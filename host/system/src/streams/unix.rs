//! By descriptors.

use std::fs::File;
use std::io::{self, Write};

use rustix::io::Errno;

use super::ATOMIC_WRITE;
use crate::wakeup::Input;

pub use std::os::fd::{AsFd as AsStream, OwnedFd as OwnedStream};

pub(super) fn keep_from_children() {}

pub(super) fn take_stdin() -> io::Result<Input> {
    duplicate(io::stdin())
}

pub(super) fn input(stream: impl Into<OwnedStream>) -> Input {
    File::from(stream.into())
}

pub(super) fn take_stdout() -> io::Result<File> {
    let stdout = duplicate(io::stdout())?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(stdout)
}

fn duplicate(stream: impl AsStream) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

pub(super) fn write_now<W: AsStream>(stream: &W, bytes: &[u8]) -> io::Result<usize>
where
    for<'stream> &'stream W: Write,
{
    #[cfg(target_os = "linux")]
    match write_in_one_call(stream, bytes) {
        // An older kernel, or no pipe.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE) => {}
        Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
        result => return Ok(result?),
    }
    if !is_writable(stream)? {
        return Ok(0);
    }
    let mut stream = stream;
    stream.write(&bytes[..bytes.len().min(ATOMIC_WRITE)])
}

/// One call instead of two for each answer: the flag makes this write alone return where it would
/// wait.
#[cfg(target_os = "linux")]
fn write_in_one_call(stream: &impl AsStream, bytes: &[u8]) -> rustix::io::Result<usize> {
    use rustix::io::{ReadWriteFlags, pwritev2};
    /// The stream's own position; a pipe has no other.
    const HERE: u64 = u64::MAX;
    let bytes = [io::IoSlice::new(bytes)];
    pwritev2(stream, &bytes, HERE, ReadWriteFlags::NOWAIT)
}

fn is_writable(stream: &impl AsStream) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut descriptors = [PollFd::new(stream, PollFlags::OUT)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    match poll(&mut descriptors, Some(&now)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
