//! Sends the streams' bytes through the socket, where they cannot be handed over.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::thread;

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{SendFlags, Shutdown, send, shutdown};

use super::ClientError;
use super::link::Link;
use super::session::{common, end};
use crate::wait::wait;
use crate::wire::{Frame, MAX_BODY};

/// Relays until the daemon ends the session; returns the exit status. A thread sends the requests;
/// it ends with the process.
pub(super) fn run(mut link: Link) -> Result<u8, ClientError> {
    let socket = duplicate(&link).map_err(ClientError::Read)?;
    let stdin = duplicate(io::stdin()).map_err(ClientError::Read)?;
    thread::Builder::new()
        .name("requests".into())
        .spawn(move || send_requests(stdin, &socket))
        .map_err(ClientError::Read)?;
    // Without the buffers of the standard library's.
    let mut stdout = duplicate(io::stdout()).map_err(ClientError::Read)?;
    loop {
        match link.next_frame(None)?.ok_or(ClientError::Lost)? {
            Frame::Answers(bytes) => {
                // Nobody reads answers any more: the session ends with this process, as one whose
                // streams were handed over. Requests may go on without an end.
                if write_all(&mut stdout, &bytes).is_err() {
                    return Ok(0);
                }
            }
            Frame::Ended(ended) => return Ok(end(ended)),
            other => common(other)?,
        }
    }
}

fn duplicate(stream: impl AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

/// Whatever ends it, the daemon is told that no more requests follow.
fn send_requests(mut stdin: File, socket: &File) {
    let mut buffer = vec![0; MAX_BODY];
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => break,
            Ok(received) => {
                if send_all(socket, &buffer[..received]).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let mut stdin = [PollFd::new(&stdin, PollFlags::IN)];
                if wait(&mut stdin, None).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    // The daemon may be gone.
    let _ = shutdown(socket, Shutdown::Write);
}

fn send_all(socket: &File, mut bytes: &[u8]) -> rustix::io::Result<()> {
    while !bytes.is_empty() {
        match send(socket, bytes, NO_SIGNAL) {
            Ok(sent) => bytes = &bytes[sent..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
/// Rust's runtime ignores SIGPIPE.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

/// The stream may be one that does not wait; then this does.
fn write_all(stdout: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stdout.write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait(&mut [PollFd::new(&*stdout, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
