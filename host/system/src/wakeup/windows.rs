//! By a thread that reads, and a condition variable: Windows cannot wait for the input of a pipe.
//!
//! The thread reads only when a wait asks it to, and then until something comes. All other reads are
//! made by whoever reads, without another thread.

use std::fs::File;
use std::io::{self, Read};
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Waitable, Woken};

/// What the thread reads at most at once. What a pipe has beyond that is read without the thread.
const BUFFER: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Wakeup(Arc<Sign>);

#[derive(Clone, Debug)]
pub(super) struct Waker(Arc<Sign>);

#[derive(Debug, Default)]
struct Sign {
    is_given: Mutex<bool>,
    changed: Condvar,
}

/// A stream that can be read, and waited for.
#[derive(Debug)]
pub struct Input(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stream: File,
    ahead: Mutex<Ahead>,
    /// Tells the thread that it is to read, and whoever reads that it has.
    changed: Condvar,
}

/// What the thread has read, or is to read.
#[derive(Debug, Default)]
struct Ahead {
    has_thread: bool,
    /// The input is gone, and with it nobody who would read.
    is_closed: bool,
    read: State,
}

#[derive(Debug, Default)]
enum State {
    /// The thread has nothing to do, and has nothing.
    #[default]
    Nothing,
    /// It reads, and gives this sign when it has read.
    Reading(Arc<Sign>),
    /// It has read these bytes, of which the first ones were taken. None mean the end.
    Bytes(Vec<u8>, usize),
    Failed(io::Error),
}

impl Wakeup {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(Arc::default()))
    }

    pub(super) fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.0))
    }
}

impl Waker {
    pub(super) fn wake(&self) {
        *self.0.lock() = true;
        self.0.changed.notify_all();
    }
}

impl Sign {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Input {
    /// A stream that nothing else reads.
    pub(crate) fn new(stream: impl Into<OwnedHandle>) -> Self {
        Self(Arc::new(Shared {
            stream: File::from(stream.into()),
            ahead: Mutex::default(),
            changed: Condvar::new(),
        }))
    }
}

impl AsHandle for Input {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.stream.as_handle()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut ahead = self.0.lock();
        while matches!(ahead.read, State::Reading(_)) {
            ahead = self.0.wait(ahead);
        }
        match std::mem::take(&mut ahead.read) {
            State::Nothing | State::Reading(_) => {
                drop(ahead);
                (&self.0.stream).read(buffer)
            }
            State::Bytes(bytes, taken) => {
                let count = (bytes.len() - taken).min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[taken..taken + count]);
                if taken + count < bytes.len() {
                    ahead.read = State::Bytes(bytes, taken + count);
                }
                Ok(count)
            }
            State::Failed(error) => Err(error),
        }
    }
}

impl Waitable for Input {
    fn wait(&self, wakeup: &super::Wakeup, timeout: Option<Duration>) -> Woken {
        let sign = &wakeup.0.0;
        // Without a thread nothing can be waited for but the stream itself.
        if self.0.read_ahead(sign).is_err() || self.0.has_input() {
            return Woken::Input;
        }
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut is_given = sign.lock();
        loop {
            // Looked at while the sign is locked: the thread gives it after it has read.
            if self.0.has_input() {
                return Woken::Input;
            }
            if std::mem::take(&mut *is_given) {
                return Woken::Otherwise;
            }
            is_given = match end {
                None => sign
                    .changed
                    .wait(is_given)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Woken::Otherwise;
                    }
                    let waited = sign.changed.wait_timeout(is_given, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'guard>(&self, guard: MutexGuard<'guard, Ahead>) -> MutexGuard<'guard, Ahead> {
        let guard = self.changed.wait(guard);
        guard.unwrap_or_else(PoisonError::into_inner)
    }

    fn has_input(&self) -> bool {
        matches!(self.lock().read, State::Bytes(..) | State::Failed(_))
    }

    /// Lets the thread read, which then gives this sign, unless it has read already.
    fn read_ahead(self: &Arc<Self>, sign: &Arc<Sign>) -> io::Result<()> {
        let mut ahead = self.lock();
        if matches!(ahead.read, State::Bytes(..) | State::Failed(_)) {
            return Ok(());
        }
        if !ahead.has_thread {
            let shared = Arc::clone(self);
            let thread = thread::Builder::new().name("input".into());
            thread.spawn(move || shared.read_when_asked())?;
            ahead.has_thread = true;
        }
        ahead.read = State::Reading(Arc::clone(sign));
        drop(ahead);
        self.changed.notify_all();
        Ok(())
    }

    /// The thread.
    fn read_when_asked(&self) {
        let mut ahead = self.lock();
        while !ahead.is_closed {
            if !matches!(ahead.read, State::Reading(_)) {
                ahead = self.wait(ahead);
                continue;
            }
            drop(ahead);
            let mut bytes = vec![0; BUFFER];
            let read = (&self.stream).read(&mut bytes);
            ahead = self.lock();
            let state = match read {
                Ok(count) => {
                    bytes.truncate(count);
                    State::Bytes(bytes, 0)
                }
                Err(error) => State::Failed(error),
            };
            let asked = std::mem::replace(&mut ahead.read, state);
            drop(ahead);
            self.changed.notify_all();
            if let State::Reading(sign) = asked {
                // Whoever waits either has not looked yet, or is told.
                drop(sign.lock());
                sign.changed.notify_all();
            }
            ahead = self.lock();
        }
    }
}
