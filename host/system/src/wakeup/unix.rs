//! By a pipe, and `poll`.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::{Waitable, Woken};

/// A stream that can be read, and waited for.
pub type Input = File;

#[derive(Debug)]
pub(super) struct Wakeup {
    /// Readable once it was woken.
    signal: PipeReader,
    signaller: Arc<PipeWriter>,
}

#[derive(Clone, Debug)]
pub(super) struct Waker(Arc<PipeWriter>);

impl Wakeup {
    pub(super) fn new() -> io::Result<Self> {
        let (signal, signaller) = io::pipe()?;
        // One byte is as good as many, so nobody need wait for room in it; nor for a signal that
        // was read.
        for end in [signal.as_fd(), signaller.as_fd()] {
            rustix::fs::fcntl_setfl(end, OFlags::NONBLOCK)?;
        }
        Ok(Self {
            signal,
            signaller: Arc::new(signaller),
        })
    }

    pub(super) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.signaller))
    }
}

impl Waker {
    pub(super) fn wake(&self) {
        let _ = (&*self.0).write(&[0]);
    }
}

impl<Stream: AsFd> Waitable for Stream {
    fn wait(&self, wakeup: &super::Wakeup, timeout: Option<Duration>) -> Woken {
        let mut signal = &wakeup.0.signal;
        let mut descriptors = [
            PollFd::new(signal, PollFlags::IN),
            PollFd::new(self, PollFlags::IN),
        ];
        // A time that is too long for the system is none.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) if !descriptors[1].revents().is_empty() => Woken::Input,
            Ok(_) => {
                // Nothing to read is as good.
                let _ = signal.read(&mut [0; 64]);
                Woken::Otherwise
            }
            Err(Errno::INTR) => Woken::Otherwise,
            Err(_) => Woken::Input,
        }
    }
}
