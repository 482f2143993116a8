//! By descriptors.

use std::fs::File;
use std::io;

pub use std::os::fd::AsFd as AsStream;

pub(super) fn keep_from_children() {}

pub(super) fn take_stdin() -> io::Result<File> {
    duplicate(io::stdin())
}

pub(super) fn take_stdout() -> io::Result<File> {
    let stdout = duplicate(io::stdout())?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok(stdout)
}

fn duplicate(stream: impl AsStream) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}
