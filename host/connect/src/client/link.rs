//! The client's end of the socket.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send,
    socket_with,
};

use super::ClientError;
use crate::control::AT_ONCE;
use crate::wait::wait;
use crate::wire::{Frame, FrameReader, MAX_BODY};

/// A connection to the daemon.
pub(super) struct Link {
    socket: OwnedFd,
    frames: FrameReader,
    buffer: Box<[u8]>,
}

impl Link {
    /// Connects. A daemon whose queue of clients is full is waited for until the deadline.
    pub(super) fn connect(path: &Path, deadline: Instant) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        let socket = new_socket()?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            // It bounds the wait of connect, too.
            set_socket_timeout(&socket, Timeout::Send, Some(left))?;
            match connect(&socket, &address) {
                Ok(()) => break,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self {
            socket,
            frames: FrameReader::default(),
            buffer: vec![0; MAX_BODY].into_boxed_slice(),
        })
    }

    /// Sends all bytes; waits for the daemon until the deadline.
    pub(super) fn send(&self, mut bytes: &[u8], deadline: Option<Instant>) -> io::Result<()> {
        while !bytes.is_empty() {
            match send(&self.socket, bytes, AT_ONCE) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => self.wait(PollFlags::OUT, deadline)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The next frame; `None` at the end of the connection.
    pub(super) fn next_frame(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Frame>, ClientError> {
        loop {
            if let Some(frame) = self.frames.next_frame()? {
                return Ok(Some(frame));
            }
            self.wait(PollFlags::IN, deadline)
                .map_err(ClientError::Read)?;
            match recv(&self.socket, &mut *self.buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) | Err(Errno::CONNRESET) => return Ok(None),
                Ok((received, _)) => self.frames.take(&self.buffer[..received]),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(ClientError::Read(error.into())),
            }
        }
    }

    /// The next frame, which must come.
    pub(super) fn next_frame_within(&mut self, time: Duration) -> Result<Frame, ClientError> {
        self.next_frame(Some(Instant::now() + time))?
            .ok_or(ClientError::Lost)
    }

    fn wait(&self, interest: PollFlags, deadline: Option<Instant>) -> io::Result<()> {
        match wait(&mut [PollFd::new(&self.socket, interest)], deadline)? {
            true => Ok(()),
            false => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(not(target_vendor = "apple"))]
fn new_socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
}

#[cfg(target_vendor = "apple")]
fn new_socket() -> rustix::io::Result<OwnedFd> {
    let flags = SocketFlags::empty();
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok(socket)
}
