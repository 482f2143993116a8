//! A client that sends whatever bytes and descriptors it likes.

use std::io::{self, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use cachewarden_connect::wire::{Frame, FrameReader, Hello, Want};
use rustix::cmsg_space;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::FOREVER;

/// The most descriptors that a message can have (SCM_MAX_FD).
pub(crate) const MOST_DESCRIPTORS: usize = 253;

/// A connection to the daemon.
pub(crate) struct Raw {
    pub(crate) socket: UnixStream,
    frames: FrameReader,
}

impl Raw {
    pub(crate) fn connect(socket: &Path) -> Self {
        let socket = UnixStream::connect(socket).expect("a connection");
        socket.set_read_timeout(Some(FOREVER)).expect("a timeout");
        let frames = FrameReader::default();
        Self { socket, frames }
    }

    /// Connects, and is accepted.
    pub(crate) fn accepted(socket: &Path) -> Self {
        let mut raw = Self::connect(socket);
        let hello = Hello::new(Want::Session).encode().expect("a hello");
        raw.socket.write_all(&hello).expect("a daemon");
        match raw.next() {
            Some(Frame::Accepted(_)) => raw,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// The next frame; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<Frame> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.frames.next_frame().expect("frames") {
                return Some(frame);
            }
            match self.socket.read(&mut buffer) {
                Ok(0) => return None,
                Ok(received) => self.frames.take(&buffer[..received]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no frame: {error}"),
            }
        }
    }

    /// The daemon's refusal; nothing follows it.
    pub(crate) fn refusal(&mut self) -> String {
        match self.next() {
            Some(Frame::Refused(refused)) => {
                assert_eq!(self.next(), None);
                refused.text
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Sends bytes with descriptors attached.
    pub(crate) fn send(&self, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            assert!(control.push(SendAncillaryMessage::ScmRights(descriptors)));
        }
        let bytes = [IoSlice::new(bytes)];
        let sent = sendmsg(&self.socket, &bytes, &mut control, SendFlags::NOSIGNAL)?;
        Ok(sent)
    }
}
