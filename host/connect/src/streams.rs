//! The streams of a go command, in the daemon.
//!
//! A descriptor that was handed over shares its open file description, and so its flags, with the
//! job. The job may set and clear O_NONBLOCK at any time. So nothing here relies on that flag: each
//! call says for itself that it must not wait (RWF_NOWAIT for pipes, MSG_DONTWAIT for the socket),
//! and each wait is a poll, which waits at the same time for the end of the client and for the
//! daemon's shutdown. What has arrived already is read without a poll, a bounded number of times: a
//! client that never stops sending does not hide the end.
//!
//! Where nothing can be handed over, the streams are relayed: requests are read from the socket,
//! and answers are sent in frames.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use crate::control::Control;
use crate::wait::{HANG_UP, wait};
use crate::wire::{FrameType, MAX_BODY, header};

/// How long a write to a client that relays waits at most. While it waits, nothing is read from the
/// socket; what is unread may have the client's own end attached, and then the end of a dead client
/// is not seen. A go command reads answers at any time.
const RELAY_PATIENCE: Duration = Duration::from_secs(300);

/// Reads in a row that may find bytes at once before the client's end and the shutdown are looked
/// for again. It makes polls rare for a client that sends much, and an end is still seen within
/// milliseconds.
const READS_WITHOUT_POLL: u32 = 64;

/// What ends every wait: the client's end, and the daemon's shutdown.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) control: Control,
    pub(crate) shutdown: Arc<OwnedFd>,
}

/// Where the bytes are.
#[derive(Debug)]
pub(crate) enum Stream {
    Pipe(OwnedFd),
    Relay,
}

/// What a wait has ended with.
enum Woken {
    Ready,
    /// The client is gone, or the daemon shuts down.
    Ended,
    TimedOut,
}

/// The requests of a go command. It ends when the client does, and when the daemon shuts down.
#[derive(Debug)]
pub struct Input {
    stream: Stream,
    guard: Guard,
    /// How many reads in a row have found bytes without a poll.
    without_poll: u32,
}

/// The answers to a go command. Writing fails when the client is gone, and when the daemon shuts
/// down.
#[derive(Debug)]
pub struct Output {
    stream: Stream,
    guard: Guard,
    patience: Option<Duration>,
}

impl Input {
    pub(crate) fn new(stream: Stream, guard: Guard) -> Self {
        Self {
            stream,
            guard,
            without_poll: 0,
        }
    }

    fn read_now(&self, buffer: &mut [u8]) -> rustix::io::Result<usize> {
        match &self.stream {
            Stream::Pipe(pipe) => read_pipe(pipe, buffer),
            Stream::Relay => receive(&self.guard.control, buffer),
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.without_poll < READS_WITHOUT_POLL {
                match self.read_now(buffer) {
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(Errno::CONNRESET) => return Ok(0),
                    result => {
                        self.without_poll += 1;
                        return Ok(result?);
                    }
                }
            }
            match self.guard.wait(&self.stream, PollFlags::IN, None)? {
                Woken::Ready => self.without_poll = 0,
                Woken::Ended | Woken::TimedOut => return Ok(0),
            }
        }
    }
}

impl Output {
    pub(crate) fn new(stream: Stream, guard: Guard) -> Self {
        let patience = match stream {
            Stream::Pipe(_) => None,
            Stream::Relay => Some(RELAY_PATIENCE),
        };
        Self {
            stream,
            guard,
            patience,
        }
    }

    /// Bounds how long a write waits for a client that does not read. Otherwise it waits as long as
    /// the client is there, or five minutes where the client relays. Beyond that, writing fails
    /// with [`io::ErrorKind::TimedOut`].
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = Some(self.patience.map_or(patience, |most| most.min(patience)));
    }

    /// Writes as many bytes as the stream takes without waiting; 0 where it takes none now.
    ///
    /// # Errors
    /// When nobody can read them any more.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let result = match &self.stream {
            Stream::Pipe(pipe) => write_pipe(pipe, bytes),
            // A frame that the kernel takes in part must be finished, which may take a wait.
            Stream::Relay => Ok(0),
        };
        match result {
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            result => Ok(result?),
        }
    }

    /// Sends a frame as a whole.
    fn write_frame(&self, bytes: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(MAX_BODY)];
        let mut frame = header(FrameType::Answers, bytes.len())
            .map_err(io::Error::other)?
            .to_vec();
        frame.extend_from_slice(bytes);
        while !self.guard.control.send_if_possible(&frame)? {
            self.wait(deadline)?;
        }
        while !self.guard.control.send_rest()? {
            self.wait(deadline)?;
        }
        Ok(bytes.len())
    }

    fn wait(&self, deadline: Option<Instant>) -> io::Result<()> {
        match self.guard.wait(&self.stream, PollFlags::OUT, deadline)? {
            Woken::Ready => Ok(()),
            Woken::Ended => Err(io::ErrorKind::BrokenPipe.into()),
            Woken::TimedOut => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for &Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        if matches!(self.stream, Stream::Relay) {
            return self.write_frame(bytes, deadline);
        }
        loop {
            self.wait(deadline)?;
            match self.write_now(bytes)? {
                0 => {}
                written => return Ok(written),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// For waiting only: whether bytes have arrived.
impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.guard.descriptor(&self.stream)
    }
}

impl Guard {
    fn descriptor<'stream>(&'stream self, stream: &'stream Stream) -> BorrowedFd<'stream> {
        match stream {
            Stream::Pipe(pipe) => pipe.as_fd(),
            Stream::Relay => self.control.as_fd(),
        }
    }

    /// Waits for the stream, the client's end and the shutdown at once.
    fn wait(
        &self,
        stream: &Stream,
        interest: PollFlags,
        deadline: Option<Instant>,
    ) -> io::Result<Woken> {
        let mut all = [
            PollFd::new(&self.shutdown, PollFlags::IN),
            PollFd::new(&self.control, HANG_UP),
            PollFd::from_borrowed_fd(self.descriptor(stream), interest),
        ];
        if !wait(&mut all, deadline)? {
            return Ok(Woken::TimedOut);
        }
        let is_relayed_end = matches!(stream, Stream::Relay) && interest == PollFlags::IN;
        let is_ended =
            !all[0].revents().is_empty() || (!all[1].revents().is_empty() && !is_relayed_end);
        Ok(if is_ended { Woken::Ended } else { Woken::Ready })
    }
}

fn receive(socket: impl AsFd, buffer: &mut [u8]) -> rustix::io::Result<usize> {
    let (received, _) = recv(socket, buffer, RecvFlags::DONTWAIT)?;
    Ok(received)
}

/// The stream's own position; a pipe has no other.
#[cfg(target_os = "linux")]
const HERE: u64 = u64::MAX;

#[cfg(target_os = "linux")]
fn read_pipe(pipe: &OwnedFd, buffer: &mut [u8]) -> rustix::io::Result<usize> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut buffers = [io::IoSliceMut::new(buffer)];
    preadv2(pipe, &mut buffers, HERE, ReadWriteFlags::NOWAIT)
}

#[cfg(target_os = "linux")]
fn write_pipe(pipe: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    use rustix::io::{ReadWriteFlags, pwritev2};
    let bytes = [io::IoSlice::new(bytes)];
    pwritev2(pipe, &bytes, HERE, ReadWriteFlags::NOWAIT)
}

/// No pipe is taken where a read cannot be told not to wait.
#[cfg(not(target_os = "linux"))]
fn read_pipe(_: &OwnedFd, _: &mut [u8]) -> rustix::io::Result<usize> {
    Err(Errno::OPNOTSUPP)
}

#[cfg(not(target_os = "linux"))]
fn write_pipe(_: &OwnedFd, _: &[u8]) -> rustix::io::Result<usize> {
    Err(Errno::OPNOTSUPP)
}
